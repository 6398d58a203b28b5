package io.towpath.lab.kubernetes;

import java.util.List;

/**
 * Cases of upstream's lists that cannot run here, whoever made the network.
 *
 * @param name a part of the case's name, as a regular expression that Go and Java understand alike
 * @param why what is missing
 */
record Inapplicable(String name, String why) {
    /** All of them. */
    static final List<Inapplicable> CASES = List.of();
}
