@NullMarked
package io.towpath.agent.log;

import org.jspecify.annotations.NullMarked;
