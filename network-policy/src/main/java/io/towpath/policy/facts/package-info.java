/** What is known of the cluster, as policies see it. */
@NullMarked
package io.towpath.policy.facts;

import org.jspecify.annotations.NullMarked;
