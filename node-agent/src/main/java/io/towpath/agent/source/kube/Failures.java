package io.towpath.agent.source.kube;

import io.towpath.cni.FailureLine;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a failure to ask the API comes to. */
final class Failures {
    private static final Pattern CALL = Pattern.compile("^\\w+\\(\\.\\.\\) failed(?: with error\\(-?\\d+\\))?: ");
    private static final Pattern TOO_LONG =
            Pattern.compile("^The timeout of \\d+ ms has been exceeded when getting a connection to (\\S+)$");

    private Failures() {}

    /** For an operator: the answer of the API if it gave one, else what the innermost failure says; one line. */
    static String line(Throwable failure) {
        ApiRefusal refusal = refusal(failure);
        Throwable last = refusal == null ? innermost(failure) : refusal;
        if (last instanceof Error) {
            return FailureLine.internal(last);
        }
        String certificate = refusal == null ? CertificateFailures.line(failure) : null;
        if (certificate != null) {
            return certificate;
        }
        String message = last.getMessage();
        if (last instanceof UnknownHostException) {
            return oneLine("the name of the API's host cannot be resolved: " + message);
        }
        return oneLine(message == null ? words(last) : plain(message));
    }

    /**
     * Without what a library says of its own calls: "connect(..) failed with error(-111): Connection refused: /10.96.0.1:443". How long
     * was waited is left out, too: it grows, and each would be told as another trouble.
     */
    private static String plain(String message) {
        return TOO_LONG.matcher(CALL.matcher(message).replaceFirst("")).replaceFirst("no connection to $1 in time");
    }

    /** What the name of a failure says that says nothing else, such as {@code "no route to host"}. */
    private static String words(Throwable failure) {
        return failure.getClass()
                .getSimpleName()
                .replaceFirst("(.)Exception$", "$1")
                .replaceAll("(?<=[a-z])(?=[A-Z])", " ")
                .toLowerCase(Locale.ROOT);
    }

    /** The API's answer; null if there is none. */
    static @Nullable ApiRefusal refusal(@Nullable Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (at instanceof ApiRefusal refusal) {
                return refusal;
            }
        }
        return null;
    }

    private static Throwable innermost(Throwable failure) {
        Throwable last = failure;
        for (Throwable at = failure; at != null; at = at.getCause()) {
            last = at;
        }
        return last;
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*[\\r\\n]+\\s*", "; ");
    }
}
