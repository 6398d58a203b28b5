/** Compares leases, pods' links and the routes to pods with each other, and mends what is left over or lost of them. */
@NullMarked
package io.towpath.agent.attachments;

import org.jspecify.annotations.NullMarked;
