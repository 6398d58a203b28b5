package io.towpath.policy.facts;

/** The protocols whose ports policies tell apart. */
public enum Protocol {
    TCP,
    UDP,
    SCTP
}
