package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.client.OAuthTokenProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A bearer token in a file that somebody, such as the kubelet, writes anew before it expires. Read for each request: they are few. */
final class TokenFile implements OAuthTokenProvider {
    private final Path file;
    private volatile @Nullable String last;

    TokenFile(Path file) {
        this.file = file;
    }

    /**
     * The token, or while the file cannot be read or is empty the one that was in it before: the client gives up following
     * for ever if this throws in between, and the API refuses a token that is too old.
     *
     * @throws UncheckedIOException if there never was one
     */
    @Override
    public String getToken() {
        try {
            String token = GivenFile.text(file).strip();
            last = token;
            return token;
        } catch (IOException e) {
            String before = last;
            if (before == null) {
                // With no cause, so that this is what the operator is told.
                throw new UncheckedIOException(new IOException("the token cannot be read: " + e.getMessage()));
            }
            return before;
        }
    }
}
