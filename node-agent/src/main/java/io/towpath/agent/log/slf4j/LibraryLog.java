package io.towpath.agent.log.slf4j;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
import io.towpath.cni.FailureLine;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.helpers.NOPMDCAdapter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * SLF4J's provider. What a library says of a connection, such as each attempt to reach an API that is away, is a detail for debugging, whatever
 * level it has there: whoever uses the library tells an operator once what is wrong. So are its warnings. A mistake that a library met, or made,
 * is an error of the agent's; the rest is dropped.
 */
public final class LibraryLog implements SLF4JServiceProvider {
    private static final AtomicReference<@Nullable Log> LOG = new AtomicReference<>();

    private final IMarkerFactory markers = new BasicMarkerFactory();
    private final MDCAdapter contexts = new NOPMDCAdapter();

    /** Where libraries' lines go from now on; nowhere before. */
    public static void to(Log log) {
        LOG.set(log);
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return Line::new;
    }

    @Override
    public IMarkerFactory getMarkerFactory() {
        return markers;
    }

    @Override
    public MDCAdapter getMDCAdapter() {
        return contexts;
    }

    @Override
    public String getRequestedApiVersion() {
        return "2.0.99";
    }

    @Override
    public void initialize() {}

    private static final class Line extends LegacyAbstractLogger {
        private static final long serialVersionUID = 1;

        Line(String library) {
            this.name = library;
        }

        @Override
        public boolean isTraceEnabled() {
            return false;
        }

        @Override
        public boolean isDebugEnabled() {
            return false;
        }

        @Override
        public boolean isInfoEnabled() {
            return false;
        }

        @Override
        public boolean isWarnEnabled() {
            return LOG.get() != null;
        }

        @Override
        public boolean isErrorEnabled() {
            return LOG.get() != null;
        }

        @Override
        protected @Nullable String getFullyQualifiedCallerName() {
            return null;
        }

        @Override
        protected void handleNormalizedLoggingCall(
                Level level,
                @Nullable Marker marker,
                String pattern,
                Object @Nullable [] arguments,
                @Nullable Throwable failure) {
            Uncaught.endIfMust(failure); // a library goes on after everything
            Log log = LOG.get();
            if (log == null) {
                return;
            }
            String message = MessageFormatter.basicArrayFormat(pattern, arguments);
            // Of an answer that is none, Vert.x logs what its failure says and not the failure.
            if (level != Level.ERROR || failure == null || isOfAConnection(failure)) {
                log.event(Log.Level.DEBUG, "library", "of", name, "message", message, "failure", failure);
            } else {
                log.error("library", "message", message, "problem", FailureLine.of(failure));
            }
        }

        /** Whether it, or what it comes from, is what happens on a connection, and no mistake. */
        private static boolean isOfAConnection(Throwable failure) {
            for (Throwable at = failure; at != null; at = at.getCause()) {
                String type = at.getClass().getName();
                if (at instanceof IOException || type.startsWith("io.netty.") || type.startsWith("io.vertx.")) {
                    return true;
                }
            }
            return false;
        }
    }
}
