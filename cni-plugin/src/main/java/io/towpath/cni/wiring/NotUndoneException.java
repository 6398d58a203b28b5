package io.towpath.cni.wiring;

import java.io.IOException;

/** A failure after which something was left behind, because removing it failed too. */
public final class NotUndoneException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String left;

    public NotUndoneException(Throwable failure, IOException undo) {
        super(failure.getMessage(), failure);
        addSuppressed(undo);
        left = String.valueOf(undo.getMessage());
    }

    /** Why it could not be removed. */
    public String left() {
        return left;
    }
}
