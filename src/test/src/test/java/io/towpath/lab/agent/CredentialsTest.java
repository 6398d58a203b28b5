package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Await;
import io.towpath.lab.Json;
import io.towpath.lab.Node;
import io.towpath.lab.OnLab;
import io.towpath.lab.api.Certificates;
import io.towpath.lab.api.NodeObjects;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who the agent is to an API server over TLS: a service account with a token, or the holder of a certificate. */
@OnLab
class CredentialsTest {
    private static final String SLICE = "10.244.8.0/24";
    private static final String ADDRESS = "192.168.50.8";

    private static Certificates certificates(AgentLab lab) throws IOException {
        Certificates made = new Certificates(lab.node("a").folder().resolve("pki"));
        String host = lab.api.address().getAddress().getHostAddress();
        made.sign("server", Certificates.Key.EC, "/CN=kube-apiserver", host);
        return made;
    }

    /** As the kubelet does it: whole, at once. */
    private static void write(Path token, String content) throws IOException {
        Path next = token.resolveSibling("..next");
        Files.writeString(next, content);
        Files.move(next, token, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void assertFollows(AgentLab lab) {
        lab.api.addNode(NodeObjects.ofFlannel("x", SLICE, ADDRESS, "02:00:00:00:00:08"));
        Await.until("x", () -> AgentLab.hasPeer(lab.node("a").namespace(), SLICE, ADDRESS));
        Await.until(
                "the annotation",
                () -> lab.api
                        .annotation("a", NodeObjects.FLANNEL + "kube-subnet-manager")
                        .equals("true"));
        lab.api.deleteNode("x");
        AgentLab.awaitGone(lab.node("a"), SLICE, ADDRESS);
    }

    @Test
    void aServiceAccountWhoseTokenIsRotated() throws IOException {
        try (AgentLab lab = new AgentLab("a")) {
            lab.register("a");
            Certificates made = certificates(lab);
            lab.api.secure(made.context("server"), "first");
            Path account = Files.createDirectories(lab.node("a").folder().resolve("account"));
            Files.copy(Path.of(made.path("ca.crt")), account.resolve("ca.crt"));
            Agent agent =
                    lab.node("a").kubernetesAgent().inPod(lab.api, account).start();
            agent.awaitLog("the token cannot be read");
            write(account.resolve("token"), "first");
            agent.awaitReady();
            assertFollows(lab);

            lab.api.expect("second");
            lab.api.disconnect();
            agent.awaitLog("Unauthorized");
            write(account.resolve("token"), "second");
            assertFollows(lab);
            assertEquals(200, agent.code("readyz"));
            agent.terminate();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aKubeconfigWithACertificate(Certificates.Key form) throws IOException {
        try (AgentLab lab = new AgentLab("a")) {
            lab.register("a");
            Certificates made = certificates(lab);
            made.sign("client", form, "/O=system:nodes/CN=system:node:a", "");
            lab.api.secure(made.context("server"), null);
            Agent agent = lab.node("a")
                    .kubernetesAgent()
                    .with("--kubeconfig-file", kubeconfig(lab, made, "ca.crt").toString())
                    .start()
                    .awaitReady();
            assertFollows(lab);
            agent.terminate();
        }
    }

    /** The file with the token lies beside the kubeconfig, and the authority of the API is another one from a moment on. */
    @Test
    void aKubeconfigWithATokenFile() throws IOException {
        try (AgentLab lab = new AgentLab("a")) {
            lab.register("a");
            Certificates made = certificates(lab);
            Certificates other = new Certificates(lab.node("a").folder().resolve("other"));
            lab.api.secure(made.context("server"), "first");
            Path authority = lab.node("a").folder().resolve("authority.crt");
            Files.copy(Path.of(other.path("ca.crt")), authority);
            Path kubeconfig = kubeconfig(lab, made, authority.toString());
            ObjectNode config = (ObjectNode) Json.read(kubeconfig);
            ((ObjectNode) config.at("/users/0")).putObject("user").put("tokenFile", "token");
            write(kubeconfig, config.toString());
            write(kubeconfig.resolveSibling("token"), "first");
            Agent agent = lab.node("a")
                    .kubernetesAgent()
                    .with("--kubeconfig-file", kubeconfig.toString())
                    .start();
            agent.awaitLog("is of none of the authorities that are trusted here");
            write(authority, Files.readString(Path.of(made.path("ca.crt"))));
            agent.awaitReady();
            assertFollows(lab);

            lab.api.expect("second");
            lab.api.disconnect();
            agent.awaitLog("Unauthorized");
            write(kubeconfig.resolveSibling("token"), "second");
            assertFollows(lab);
            agent.terminate();
        }
    }

    @Test
    void anApiServerOfAnotherAuthorityIsNotBelieved() throws IOException {
        try (AgentLab lab = new AgentLab("a")) {
            lab.register("a");
            Certificates made = certificates(lab);
            Certificates other = new Certificates(lab.node("a").folder().resolve("other"));
            made.sign("client", Certificates.Key.EC, "/CN=system:node:a", "");
            lab.api.secure(made.context("server"), null);
            Agent agent = lab.node("a")
                    .kubernetesAgent()
                    .with(
                            "--kubeconfig-file",
                            kubeconfig(lab, made, other.path("ca.crt")).toString())
                    .start();
            agent.awaitLog(
                    "the nodes cannot be watched: the API server's certificate is of none of the authorities that are trusted here");
            agent.terminate();
        }
    }

    /** @param authority its path, or its name in the folder of the certificates */
    private static Path kubeconfig(AgentLab lab, Certificates made, String authority) throws IOException {
        Node node = lab.node("a");
        ObjectNode config = Json.object("{'apiVersion':'v1','kind':'Config','current-context':'here',"
                + "'contexts':[{'name':'here','context':{'cluster':'lab','user':'me'}}]}");
        String ca = authority.startsWith("/") ? authority : made.path(authority);
        config.putArray("clusters")
                .addObject()
                .put("name", "lab")
                .putObject("cluster")
                .put("server", lab.api.url().replace("http:", "https:"))
                .put("certificate-authority", ca);
        config.putArray("users")
                .addObject()
                .put("name", "me")
                .putObject("user")
                .put("client-certificate", made.path("client.crt"))
                .put("client-key", made.path("client.key"));
        return Files.writeString(node.folder().resolve("kubeconfig"), config.toString());
    }
}
