@NullMarked
package io.towpath.agent.http;

import org.jspecify.annotations.NullMarked;
