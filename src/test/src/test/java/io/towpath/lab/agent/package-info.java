/** The agent on nodes, with an API server and with a cluster file; beside flannel; and whatever can happen to it. */
@NullMarked
package io.towpath.lab.agent;

import org.jspecify.annotations.NullMarked;
