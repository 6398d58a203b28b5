/** What is denied to pods: told packet by packet, and counted by pod and policy. */
@NullMarked
package io.towpath.agent.policy.denial;

import org.jspecify.annotations.NullMarked;
