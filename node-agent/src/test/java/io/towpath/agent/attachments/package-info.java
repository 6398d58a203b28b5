@NullMarked
package io.towpath.agent.attachments;

import org.jspecify.annotations.NullMarked;
