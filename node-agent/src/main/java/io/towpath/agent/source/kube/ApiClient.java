package io.towpath.agent.source.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.fabric8.kubernetes.client.vertx.VertxHttpClientFactory;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.ext.web.client.WebClientOptions;
import java.nio.file.Path;
import java.time.Duration;

/** The client of the API, on one thread of Netty's epoll transport. */
final class ApiClient implements AutoCloseable {
    /** Every minute the API tells how far a watch is; a connection on which it has not for so long is dead. */
    private static final int SILENCE_SECONDS = 150;

    /** A server that is off the network is noticed after {@code KEEPALIVES} times this. */
    private static final int KEEPALIVE_SECONDS = 5;

    private static final int KEEPALIVES = 3;
    private static final int REQUEST_MILLIS = 10_000;

    private final Vertx vertx;
    private final KubernetesClient client;

    /**
     * Opens one; nothing is sent yet.
     *
     * @param firstRetry how long to wait before a lost watch is asked for again; twice as long after each failure, up to 32 times
     * @throws RuntimeException if a file of the access cannot be read or is wrong
     */
    ApiClient(ApiAccess access, Duration firstRetry) {
        Config config = config(access, firstRetry);
        vertx = transport();
        try {
            client = new KubernetesClientBuilder()
                    .withConfig(config)
                    .withHttpClientFactory(new Factory(vertx))
                    .withKubernetesSerialization(serialization())
                    .build();
        } catch (RuntimeException e) {
            vertx.close();
            throw e;
        }
    }

    KubernetesClient kubernetes() {
        return client;
    }

    @Override
    public void close() {
        client.close();
        vertx.close();
    }

    private static Config config(ApiAccess access, Duration firstRetry) {
        Path kubeconfig = access.kubeconfig();
        Config from = kubeconfig == null ? Config.empty() : Config.fromKubeconfig(kubeconfig.toFile());
        ConfigBuilder config = new ConfigBuilder(from)
                .withWatchReconnectInterval((int) firstRetry.toMillis())
                .withWatchReconnectLimit(-1)
                // Who asks decides when to ask again.
                .withRequestRetryBackoffLimit(0)
                .withRequestTimeout(REQUEST_MILLIS)
                .withConnectionTimeout(REQUEST_MILLIS)
                .withUserAgent("towpath-node");
        if (access.url() != null) {
            config.withMasterUrl(access.url());
        }
        if (access.token() != null) {
            config.withOauthTokenProvider(new TokenFile(access.token()));
        }
        if (access.authority() != null) {
            config.withCaCertFile(access.authority().toString());
        }
        return config.build();
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

    /** Of the API's thousands of types, it reads those that are registered here. */
    private static KubernetesSerialization serialization() {
        ObjectMapper mapper = new ObjectMapper();
        mapper.addMixIn(ObjectMeta.class, Unread.class);
        KubernetesSerialization serialization = new KubernetesSerialization(mapper, false);
        serialization.registerKubernetesResource(KubeNode.class);
        serialization.registerKubernetesResource(KubePod.class);
        serialization.registerKubernetesResource(KubeNamespace.class);
        serialization.registerKubernetesResource(KubeNetworkPolicy.class);
        serialization.registerKubernetesResource(KubeClusterPolicy.class);
        serialization.registerKubernetesResource(Status.class);
        return serialization;
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
