package io.towpath.cni.verbs;

import java.io.IOException;

/** The policies of a pod are not in force. */
public final class PolicyException extends IOException {
    private static final long serialVersionUID = 1;

    private final String why;

    PolicyException(String message, String why) {
        super(message);
        this.why = why;
    }

    /** What to look at: one line. */
    public String why() {
        return why;
    }
}
