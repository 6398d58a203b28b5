@NullMarked
package io.towpath.ipam;

import org.jspecify.annotations.NullMarked;
