package io.towpath.agent.source.kube;

import io.fabric8.kubernetes.api.model.AuthInfo;
import io.fabric8.kubernetes.api.model.Context;
import io.fabric8.kubernetes.api.model.NamedAuthInfo;
import io.fabric8.kubernetes.api.model.NamedContext;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A kubeconfig. What it says of its user and the library would pass over is either done here or refused: nobody is to ask as somebody
 * else than the file says.
 *
 * @param config what the library makes of it
 * @param tokenFile the file with the user's token, which is read again and again; null for none
 * @param files all that it was read from: itself, and the certificates and keys that it names
 */
record Kubeconfig(Config config, @Nullable Path tokenFile, List<Path> files) {
    Kubeconfig {
        files = List.copyOf(files);
    }

    /**
     * Reads one.
     *
     * @param needsServer whether it has to say where the API is, as nothing else does
     * @throws IOException that says what is wrong: it cannot be read, has no context, no URL, or a user that signs in by a program
     * @throws RuntimeException as the library says it, for what is no kubeconfig
     */
    static Kubeconfig read(Path file, boolean needsServer) throws IOException {
        AuthInfo user =
                user(Serialization.unmarshal(GivenFile.text(file), io.fabric8.kubernetes.api.model.Config.class));
        // First: the library would start the program.
        refuseUnserved(user);
        Config config = Config.fromKubeconfig(file.toFile());
        if (needsServer) {
            if (config.getCurrentContext() == null) {
                throw new IOException("it has no context that current-context names");
            }
            try {
                var _ = new URI(config.getMasterUrl());
            } catch (URISyntaxException e) {
                throw new IOException("its server is no URL: " + e.getMessage());
            }
        }
        List<Path> files = new ArrayList<>(List.of(file));
        for (String each :
                new String[] {config.getCaCertFile(), config.getClientCertFile(), config.getClientKeyFile()}) {
            if (each != null) {
                files.add(Path.of(each));
            }
        }
        String token = user == null ? null : user.getTokenFile();
        return new Kubeconfig(
                config,
                token == null || token.isEmpty() ? null : file.toAbsolutePath().resolveSibling(token),
                files);
    }

    /** The user of the current context; null if there is none. */
    private static @Nullable AuthInfo user(io.fabric8.kubernetes.api.model.@Nullable Config all) {
        String current = all == null ? null : all.getCurrentContext();
        if (all == null || current == null) {
            return null;
        }
        for (NamedContext context : all.getContexts()) {
            Context content = context.getContext();
            if (!current.equals(context.getName()) || content == null) {
                continue;
            }
            for (NamedAuthInfo user : all.getUsers()) {
                if (Objects.equals(user.getName(), content.getUser())) {
                    return user.getUser();
                }
            }
        }
        return null;
    }

    private static void refuseUnserved(@Nullable AuthInfo user) throws IOException {
        if (user == null) {
            return;
        }
        if (user.getExec() != null || user.getAuthProvider() != null) {
            throw new IOException(
                    "its user signs in by a program (" + (user.getExec() == null ? "auth-provider" : "exec")
                            + "), and Towpath starts none: give it a token, a tokenFile or a client-certificate");
        }
        if (user.getAs() != null && !user.getAs().isEmpty()) {
            throw new IOException("its user asks as another one (as: " + user.getAs()
                    + "), which Towpath does not: give it a user that has the rights itself");
        }
    }
}
