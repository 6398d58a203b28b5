package io.towpath.policy.facts;

import org.jspecify.annotations.Nullable;

/** Which packets a rule is about, by protocol and destination port. */
public sealed interface PortMatch {
    /** Ports of a protocol, 0 to 65,535, both ends included. */
    record Numbered(Protocol protocol, int first, int last) implements PortMatch {}

    /**
     * The ports that the receiving pod's containers name so; none where the receiver is no pod or names none so.
     *
     * @param protocol theirs; null for any
     */
    record Named(@Nullable Protocol protocol, String name) implements PortMatch {}

    /** All of a protocol. */
    record All(Protocol protocol) implements PortMatch {}

    /**
     * What cannot be understood.
     *
     * @param why for whoever wrote the policy
     */
    record Unknown(String why) implements PortMatch {}
}
