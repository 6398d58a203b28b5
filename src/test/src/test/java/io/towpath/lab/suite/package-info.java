/** The executable under test on the lab, topic by topic. */
@NullMarked
package io.towpath.lab.suite;

import org.jspecify.annotations.NullMarked;
