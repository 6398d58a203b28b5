package io.towpath.overlay;

import org.jspecify.annotations.Nullable;

/** The overlay cannot be made, looked at or recorded; the message is one line and says of what. */
public class OverlayException extends Exception {
    private static final long serialVersionUID = 1L;

    /** An error without another below it. */
    public OverlayException(String message) {
        this(message, null);
    }

    /** An error with the one it comes from, whose message is part of this one's. */
    public OverlayException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
