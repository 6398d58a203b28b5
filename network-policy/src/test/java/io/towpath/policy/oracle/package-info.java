/** What the API says about a packet, decided one packet at a time. */
@NullMarked
package io.towpath.policy.oracle;

import org.jspecify.annotations.NullMarked;
