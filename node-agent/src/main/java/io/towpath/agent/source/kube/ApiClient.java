package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.vertx.VertxHttpClientFactory;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.ext.web.client.WebClientOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The client of the API, on one thread of Netty's epoll transport. */
final class ApiClient implements AutoCloseable {
    /** Every minute the API tells how far a watch is; a connection on which it has not for so long is dead. */
    private static final int SILENCE_SECONDS = 150;

    /** A server that is off the network is noticed after {@code KEEPALIVES} times this. */
    private static final int KEEPALIVE_SECONDS = 5;

    private static final int KEEPALIVES = 3;

    /** A first packet that is lost is sent again after a second; with more patience, an API that is back would be noticed late. */
    private static final int CONNECT_MILLIS = 2_000;

    private static final Duration ANSWER = Duration.ofSeconds(10);

    private final Vertx vertx;
    private final HttpClient http;
    private final CredentialFiles credentials;
    private final ApiCalls calls;

    /**
     * Opens one; nothing is sent yet.
     *
     * @throws RuntimeException if a file of the access cannot be read or is wrong; of a kubeconfig it says which, and what is wrong
     */
    ApiClient(ApiAccess access) {
        this(access, ANSWER);
    }

    /** @param answer how long an answer may take to begin */
    ApiClient(ApiAccess access, Duration answer) {
        vertx = transport();
        Path file = access.kubeconfig();
        Config config;
        try {
            Kubeconfig kubeconfig = file == null ? null : Kubeconfig.read(file, access.url() == null);
            // Before they are read, so that what is renewed meanwhile is noticed.
            credentials = new CredentialFiles(files(access, kubeconfig));
            config = config(access, kubeconfig);
            http = new Factory(vertx).newBuilder(config).build();
        } catch (IOException | RuntimeException e) {
            vertx.close();
            // With no cause, so that this is what the operator is told.
            throw new IllegalArgumentException(
                    (file == null ? "" : "kubeconfig " + file + " cannot be used: ") + Failures.line(e));
        } catch (Error e) {
            vertx.close();
            throw e;
        }
        ObjectMapper mapper = JsonMapper.builder()
                .addMixIn(ObjectMeta.class, Unread.class)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .build();
        calls = new ApiCalls(http, config.getMasterUrl(), mapper, answer, this::after);
    }

    ApiCalls calls() {
        return calls;
    }

    /** Whether a file that it was opened by says something else now: a certificate, a key, the kubeconfig itself. */
    boolean isOutdated() {
        return credentials.areRenewed();
    }

    private Runnable after(Duration wait, Runnable task) {
        long timer = vertx.setTimer(Math.max(1, wait.toMillis()), _ -> task.run());
        return () -> vertx.cancelTimer(timer);
    }

    @Override
    public void close() {
        http.close();
        vertx.close();
    }

    private static Config config(ApiAccess access, @Nullable Kubeconfig kubeconfig) {
        ConfigBuilder config = new ConfigBuilder(kubeconfig == null ? Config.empty() : kubeconfig.config())
                // Who asks decides when to ask again.
                .withRequestRetryBackoffLimit(0)
                .withConnectionTimeout(CONNECT_MILLIS)
                .withUserAgent("towpath-node");
        if (access.url() != null) {
            config.withMasterUrl(access.url());
        }
        Path token = kubeconfig == null ? access.token() : kubeconfig.tokenFile();
        if (token != null) {
            config.withOauthTokenProvider(new TokenFile(token));
        }
        if (access.authority() != null) {
            config.withCaCertFile(access.authority().toString());
        }
        return config.build();
    }

    private static List<Path> files(ApiAccess access, @Nullable Kubeconfig kubeconfig) {
        if (kubeconfig != null) {
            return kubeconfig.files();
        }
        return access.authority() == null ? List.of() : List.of(access.authority());
    }

    private static Vertx transport() {
        // The C library's resolver knows what the node knows: /etc/hosts, search domains.
        System.setProperty("vertx.disableDnsResolver", "true");
        return Vertx.vertx(new VertxOptions()
                .setPreferNativeTransport(true)
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(2)
                .setUseDaemonThread(true)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
    }

    /** What is in an object's metadata and nobody here asks for. */
    @JsonIgnoreProperties(
            value = {"managedFields", "ownerReferences", "finalizers"},
            ignoreUnknown = true)
    private interface Unread {}

    private static final class Factory extends VertxHttpClientFactory {
        Factory(Vertx vertx) {
            super(vertx);
        }

        @Override
        protected void additionalConfig(WebClientOptions options) {
            options.setReadIdleTimeout(SILENCE_SECONDS)
                    .setTcpKeepAlive(true)
                    .setTcpKeepAliveIdleSeconds(KEEPALIVE_SECONDS)
                    .setTcpKeepAliveIntervalSeconds(KEEPALIVE_SECONDS)
                    .setTcpKeepAliveCount(KEEPALIVES)
                    .setTcpUserTimeout(KEEPALIVE_SECONDS * 1000 * KEEPALIVES);
        }
    }
}
