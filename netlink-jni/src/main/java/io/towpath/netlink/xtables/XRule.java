package io.towpath.netlink.xtables;

import java.util.List;

/**
 * As much of a rule of iptables as tells whose it is.
 *
 * @param chain where it stands
 * @param jump the chain that it leads to, by jump or goto; empty if to none
 * @param comments what {@code -m comment} says, each by its own
 */
public record XRule(String chain, String jump, List<String> comments) {
    public XRule {
        comments = List.copyOf(comments);
    }

    /** As iptables would write it, as far as it is known here. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("-A ").append(chain);
        for (String comment : comments) {
            text.append(" -m comment --comment \"").append(comment).append('"');
        }
        return jump.isEmpty()
                ? text.toString()
                : text.append(" -j ").append(jump).toString();
    }
}
