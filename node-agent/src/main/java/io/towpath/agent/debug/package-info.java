/** What an operator sends to somebody who is to find what is wrong with a node. */
@NullMarked
package io.towpath.agent.debug;

import org.jspecify.annotations.NullMarked;
