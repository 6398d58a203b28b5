@NullMarked
package io.towpath.agent.policy;

import org.jspecify.annotations.NullMarked;
