@NullMarked
package io.towpath.agent.status;

import org.jspecify.annotations.NullMarked;
