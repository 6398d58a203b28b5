/** What the agent tells others over HTTP: metrics and probes on a port, all of it on a unix socket. */
@NullMarked
package io.towpath.agent.http;

import org.jspecify.annotations.NullMarked;
