package io.towpath.policy.ruleset;

/** Which way packets go, seen from the pod. */
public enum Direction {
    INGRESS,
    EGRESS
}
