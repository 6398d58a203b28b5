package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.client.OAuthTokenProvider;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A bearer token in a file that the kubelet writes anew before it expires. Read for each request: they are few. */
final class TokenFile implements OAuthTokenProvider {
    private final Path file;

    TokenFile(Path file) {
        this.file = file;
    }

    @Override
    public String getToken() {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("the service account's token cannot be read: " + e, e);
        }
    }
}
