package io.towpath.policy.ruleset;

/** What becomes of a packet. */
public sealed interface Outcome {
    Outcome ALLOW = new Allow();
    Outcome DENY = new Deny();

    /** It passes, whatever its protocol. */
    record Allow() implements Outcome {}

    /** It is dropped. */
    record Deny() implements Outcome {}

    /** That depends on its protocol and port. */
    record Ports(Program program) implements Outcome {}
}
