@NullMarked
package io.towpath.agent.overlay;

import org.jspecify.annotations.NullMarked;
