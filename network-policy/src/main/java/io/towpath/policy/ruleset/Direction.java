package io.towpath.policy.ruleset;

/** Which way packets go, seen from the pod. */
public enum Direction {
    INGRESS("ingress"),
    EGRESS("egress");

    private final String word;

    Direction(String word) {
        this.word = word;
    }

    /** Its name in the API, in lower case. */
    public String word() {
        return word;
    }
}
