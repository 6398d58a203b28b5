package io.towpath.agent.guard;

import java.util.List;

/**
 * What an operator may choose of the table.
 *
 * @param masquerade whether packets that leave the pods' network, or enter it from elsewhere, get the node's address
 * @param masqueradeToNodes whether packets from pods to other nodes do, too
 */
public record GuardPolicy(boolean masquerade, boolean masqueradeToNodes) {
    /** All that may be chosen. */
    public static final List<GuardPolicy> ALL =
            List.of(new GuardPolicy(true, true), new GuardPolicy(true, false), new GuardPolicy(false, true));

    /** Whether other nodes see the node's address in the place of its pods'. */
    public boolean hidesPods() {
        return masquerade && masqueradeToNodes;
    }
}
