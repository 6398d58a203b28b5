package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who the API is, and who asks it, by certificates. */
class KubernetesTlsTest {
    private static final Timing TIMING = Sources.askingAgainAfter(Duration.ofMillis(500));

    private static Identity server;
    private static Identity client;

    private final FakeApi api = new FakeApi();
    private final Told told = new Told();

    @TempDir
    private Path folder;

    @BeforeAll
    static void identities() throws IOException {
        server = Identity.of("localhost");
        client = Identity.of("system:node:self");
    }

    @BeforeEach
    void ownNode() {
        api.put(Nodes.bare("self", 1));
    }

    @AfterEach
    void end() {
        api.close();
    }

    private Path kubeconfig(Relay relay, Identity authority) throws IOException {
        return Files.writeString(folder.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: here
                contexts: [{name: here, context: {cluster: fake, user: me}}]
                clusters: [{name: fake, cluster: {server: "%s", certificate-authority-data: "%s"}}]
                users: [{name: me, user: {client-certificate-data: "%s", client-key-data: "%s"}}]
                """.formatted(
                        relay.url(),
                        Identity.data(authority.certificate()),
                        Identity.data(client.certificate()),
                        Identity.data(client.key())));
    }

    @Test
    void aKubeconfigWithACertificate() throws IOException, InterruptedException {
        try (Relay relay = new Relay(api, server, client);
                KubernetesClusterSource source =
                        Sources.of(new ApiAccess(null, kubeconfig(relay, server), null, null), TIMING)) {
            source.start(told);
            told.withNodes("self");
            api.awaitWatch();
            api.put(Nodes.flannel("b", 2));
            told.withNodes("b", "self");
        }
    }

    @Test
    void aServiceAccount() throws IOException, InterruptedException {
        Path token = Files.writeString(folder.resolve("token"), "secret");
        Path authority = Files.writeString(folder.resolve("ca.crt"), server.certificate());
        try (Relay relay = new Relay(api, server, null);
                KubernetesClusterSource source =
                        Sources.of(new ApiAccess(relay.url(), null, token, authority), TIMING)) {
            source.start(told);
            told.withNodes("self");
            assertTrue(api.asked.stream().allMatch(each -> "Bearer secret".equals(each.token())));
        }
    }

    @Test
    void aStrangerIsNotBelieved() throws IOException, InterruptedException {
        try (Relay relay = new Relay(api, server, client);
                KubernetesClusterSource source =
                        Sources.of(new ApiAccess(null, kubeconfig(relay, client), null, null), TIMING)) {
            source.start(told);
            told.troubled("certificat");
            assertTrue(api.asked.isEmpty());
        }
    }

    @Test
    void whoHasNoCertificateIsRefused() throws IOException, InterruptedException {
        Path authority = Files.writeString(folder.resolve("ca.crt"), server.certificate());
        Path token = Files.writeString(folder.resolve("token"), "secret");
        try (Relay relay = new Relay(api, server, client);
                KubernetesClusterSource source =
                        Sources.of(new ApiAccess(relay.url(), null, token, authority), TIMING)) {
            source.start(told);
            told.troubled("cannot be watched");
            assertTrue(api.asked.isEmpty());
        }
    }

    /** An API whose authority is renewed is followed again as soon as the file says so. */
    @Test
    void anAuthorityThatIsRenewed() throws IOException, InterruptedException {
        Path token = Files.writeString(folder.resolve("token"), "secret");
        Path authority = Files.writeString(folder.resolve("ca.crt"), client.certificate());
        try (Relay relay = new Relay(api, server, null);
                KubernetesClusterSource source =
                        Sources.of(new ApiAccess(relay.url(), null, token, authority), TIMING)) {
            source.start(told);
            told.troubled("certificat");
            Files.writeString(authority, server.certificate());
            told.withNodes("self");
            told.well();
        }
    }

    /** The library passes a tokenFile over, and asks as nobody. */
    @Test
    void aKubeconfigWithATokenFile() throws IOException, InterruptedException {
        Files.writeString(folder.resolve("token"), "first\n");
        Path kubeconfig = Files.writeString(folder.resolve("kubeconfig"), """
                apiVersion: v1
                kind: Config
                current-context: here
                contexts: [{name: here, context: {cluster: fake, user: me}}]
                clusters: [{name: fake, cluster: {server: "%s"}}]
                users: [{name: other, user: {token: no}}, {name: me, user: {token: old, tokenFile: token}}]
                """.formatted(api.url()));
        try (KubernetesClusterSource source = Sources.of(new ApiAccess(null, kubeconfig, null, null))) {
            source.start(told);
            told.withNodes("self");
            api.awaitWatch();
            assertTrue(api.asked.stream().allMatch(each -> "Bearer first".equals(each.token())));
            Files.writeString(folder.resolve("token"), "second\n");
            api.asked.clear();
            api.forget();
            api.awaitWatch();
            assertTrue(api.asked.stream().allMatch(each -> "Bearer second".equals(each.token())));
        }
    }
}
