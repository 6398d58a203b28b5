@NullMarked
package io.towpath.agent.cli;

import org.jspecify.annotations.NullMarked;
