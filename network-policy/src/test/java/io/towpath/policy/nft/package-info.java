@NullMarked
package io.towpath.policy.nft;

import org.jspecify.annotations.NullMarked;
