@NullMarked
package io.towpath.agent.policy.denial;

import org.jspecify.annotations.NullMarked;
