/** As much of a Kubernetes API server as a node's agent sees. */
@NullMarked
package io.towpath.lab.api;

import org.jspecify.annotations.NullMarked;
