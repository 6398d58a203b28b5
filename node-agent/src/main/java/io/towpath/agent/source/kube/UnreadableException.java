package io.towpath.agent.source.kube;

/** Part of a policy cannot be understood; the message says why, for whoever wrote it. */
final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1;

    UnreadableException(String why) {
        super(why, null, false, false);
    }

    /** Why. */
    String why() {
        return String.valueOf(getMessage());
    }
}
