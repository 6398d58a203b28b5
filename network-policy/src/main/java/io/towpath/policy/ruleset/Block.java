package io.towpath.policy.ruleset;

import io.towpath.net.IpAddress;

/** What becomes of packets from or to the addresses first to last, of the same family. */
public record Block(IpAddress first, IpAddress last, Outcome outcome) {}
