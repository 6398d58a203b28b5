@NullMarked
package io.towpath.agent.cache;

import org.jspecify.annotations.NullMarked;
