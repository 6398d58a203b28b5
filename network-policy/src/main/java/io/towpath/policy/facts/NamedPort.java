package io.towpath.policy.facts;

/**
 * A port that a container names.
 *
 * @param port 1 to 65,535
 */
public record NamedPort(String name, Protocol protocol, int port) {}
