@NullMarked
package io.towpath.agent.check;

import org.jspecify.annotations.NullMarked;
