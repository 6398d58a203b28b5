package io.towpath.agent.source.kube;

import java.net.HttpURLConnection;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An answer of the API that does not give what was asked for. */
final class ApiRefusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    static final int NOT_FOUND = 404;
    static final int GONE = 410;

    private final int code;
    private final @Nullable Duration retryAfter;

    /**
     * One.
     *
     * @param code of HTTP
     * @param why what the API says of it
     * @param retryAfter how long it wants to be left alone; null if it does not say so
     */
    ApiRefusal(int code, String why, @Nullable Duration retryAfter) {
        super(code + " " + why, null, false, false);
        this.code = code;
        this.retryAfter = retryAfter;
    }

    /** An answer with something that cannot be read. */
    static ApiRefusal unreadable(String what, Throwable why) {
        return new ApiRefusal(
                HttpURLConnection.HTTP_OK, "with " + what + " that cannot be read: " + Failures.line(why), null);
    }

    int code() {
        return code;
    }

    @Nullable
    Duration retryAfter() {
        return retryAfter;
    }

    boolean isNotFound() {
        return code == NOT_FOUND;
    }

    /** Whether a place, of a watch or a page, is forgotten. */
    boolean isGone() {
        return code == GONE;
    }
}
