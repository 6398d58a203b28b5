package io.towpath.agent.source.kube;

import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.PKIXReason;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Why a connection by TLS to the API server does not come about, in an operator's words: the library's are of paths and anchors. */
final class CertificateFailures {
    private static final Pattern OTHER_NAME =
            Pattern.compile("^No (?:subject alternative|name).*? matching (.*?)(?: found)?\\.?$");
    private static final Pattern ALERT =
            Pattern.compile("^(?:\\(\\w+\\) )?Received fatal alert: (\\w*certificate\\w*|unknown_ca)$");
    private static final String CERTIFICATE = "the API server's certificate ";
    private static final String STRANGE = CERTIFICATE + "is of none of the authorities that are trusted here";

    /** An authority that nobody knows, and one that has the name of a known one. */
    private static final Set<CertPathValidatorException.Reason> STRANGERS =
            Set.of(PKIXReason.NO_TRUST_ANCHOR, CertPathValidatorException.BasicReason.INVALID_SIGNATURE);

    private CertificateFailures() {}

    /** What a failure and its causes come to; null if that is not about certificates. */
    static @Nullable String line(Throwable failure) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            String line = ofOne(at);
            if (line != null) {
                return line;
            }
        }
        return null;
    }

    private static @Nullable String ofOne(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        return switch (failure) {
            case CertificateExpiredException _ ->
                CERTIFICATE + "or its authority's has expired (" + message + "), if this node's clock is right";
            case CertificateNotYetValidException _ ->
                CERTIFICATE + "or its authority's is not valid yet (" + message + "), if this node's clock is right";
            case CertPathBuilderException _ -> STRANGE;
            case CertPathValidatorException path when STRANGERS.contains(path.getReason()) -> STRANGE;
            case CertificateException _ -> {
                Matcher other = OTHER_NAME.matcher(message);
                yield other.matches() ? CERTIFICATE + "is not for " + other.group(1) : null;
            }
            case SSLException _ -> {
                Matcher alert = ALERT.matcher(message);
                yield alert.matches()
                        ? "the API server refuses this node's certificate, or that there is none: " + alert.group(1)
                        : null;
            }
            default -> null;
        };
    }
}
