@NullMarked
package io.towpath.agent.source.kube;

import org.jspecify.annotations.NullMarked;
