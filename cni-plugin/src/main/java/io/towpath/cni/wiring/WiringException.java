package io.towpath.cni.wiring;

import java.io.IOException;

/** Something that is not ours to remove is in the way of a pod's link. */
public final class WiringException extends IOException {
    private static final long serialVersionUID = 1L;

    /** @param message what is in the way */
    public WiringException(String message) {
        super(message);
    }
}
