/** What the node keeps of its pods' links: routes, settings, checks of sources, host ports. */
@NullMarked
package io.towpath.agent.pods;

import org.jspecify.annotations.NullMarked;
