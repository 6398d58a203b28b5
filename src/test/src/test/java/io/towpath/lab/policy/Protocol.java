package io.towpath.lab.policy;

/** The protocols that policies tell apart. */
enum Protocol {
    TCP,
    UDP,
    SCTP
}
