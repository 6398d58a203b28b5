@NullMarked
package io.towpath.agent.runtime;

import org.jspecify.annotations.NullMarked;
