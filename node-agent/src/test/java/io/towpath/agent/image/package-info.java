@NullMarked
package io.towpath.agent.image;

import org.jspecify.annotations.NullMarked;
