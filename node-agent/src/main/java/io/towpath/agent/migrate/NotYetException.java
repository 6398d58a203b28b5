package io.towpath.agent.migrate;

import java.io.IOException;

/** What would do harm now, and may be right in a moment: nothing has changed. */
public final class NotYetException extends IOException {
    private static final long serialVersionUID = 1;

    /** @param message what is waited for, and the mend if that never comes */
    public NotYetException(String message) {
        super(message);
    }
}
