package io.towpath.agent.guard;

/**
 * What an operator may choose of the table.
 *
 * @param masquerade whether packets that leave the pods' network, or enter it from elsewhere, get the node's address
 * @param masqueradeToNodes whether packets from pods to nodes do, too
 */
public record GuardPolicy(boolean masquerade, boolean masqueradeToNodes) {}
