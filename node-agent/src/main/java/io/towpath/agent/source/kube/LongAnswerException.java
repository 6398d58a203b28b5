package io.towpath.agent.source.kube;

import java.io.IOException;

/** An answer of the API is longer than this process has memory for. */
final class LongAnswerException extends IOException {
    private static final long serialVersionUID = 1;

    /** @param most the most bytes that it may have */
    LongAnswerException(int most) {
        super("an answer is longer than " + (most >> 20) + " MiB");
    }
}
