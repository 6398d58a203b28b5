package io.towpath.agent.log.slf4j;

import io.towpath.agent.log.Log;
import io.towpath.agent.log.Uncaught;
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
 * SLF4J's provider. A library's error is an error of the agent's; its warnings, such as each attempt to reach an API that is
 * away, are details for debugging, because whoever uses the library tells an operator once what is wrong; the rest is dropped.
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
            if (log != null) {
                log.event(
                        level == Level.ERROR ? Log.Level.ERROR : Log.Level.DEBUG,
                        "library",
                        "of",
                        name,
                        "message",
                        MessageFormatter.basicArrayFormat(pattern, arguments),
                        "failure",
                        failure);
            }
        }
    }
}
