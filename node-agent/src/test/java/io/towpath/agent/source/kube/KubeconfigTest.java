package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A kubeconfig that cannot be used is told with its name and what is wrong, in one line. */
class KubeconfigTest {
    private static final String RIGHT = """
            apiVersion: v1
            kind: Config
            clusters: [{name: lab, cluster: {server: "https://10.0.0.1:6443"}}]
            users: [{name: lab, user: {token: "x"}}]
            contexts: [{name: lab, context: {cluster: lab, user: lab}}]
            current-context: lab
            """;

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("kubeconfig");
    }

    private String refusal(String url) {
        RuntimeException refused = assertThrows(
                RuntimeException.class,
                () -> new ApiClient(new ApiAccess(url.isEmpty() ? null : url, file(), null, null)).close());
        String line = Failures.line(refused);
        String start = "kubeconfig " + file() + " cannot be used: ";
        assertTrue(line.startsWith(start), line);
        assertEquals(1, line.lines().count(), line);
        return line.substring(start.length());
    }

    private String refusalOf(String content) throws IOException {
        Files.writeString(file(), content);
        return refusal("");
    }

    @Test
    void oneThatIsRightIsTaken() throws IOException {
        Files.writeString(file(), RIGHT);
        new ApiClient(new ApiAccess(null, file(), null, null)).close();
        Files.writeString(file(), RIGHT.replace("current-context: lab", ""));
        new ApiClient(new ApiAccess("https://10.0.0.1", file(), null, null)).close();
    }

    @Test
    void oneThatIsNoFileOfText() throws IOException {
        assertEquals(file() + " is not there", refusal(""));
        assertEquals(file() + " is not there", refusal("https://10.0.0.1"));
        Files.write(file(), new byte[] {(byte) 0xfe, (byte) 0xff, 1});
        assertEquals(file() + " is no text in UTF-8", refusal(""));
        assertEquals(file() + " is empty", refusalOf("\n"));
        Files.delete(file());
        Files.createDirectory(file());
        assertTrue(refusal("").contains(file().toString()), refusal(""));
    }

    @Test
    void oneWhoseContentIsWrong() throws IOException {
        assertEquals(
                "it has no context that current-context names",
                refusalOf(RIGHT.replace("current-context: lab", "current-context: nope")));
        assertTrue(refusalOf(RIGHT.replace("https://10.0.0.1", "https://a b")).startsWith("its server is no URL: "));
        String certificate = refusalOf(RIGHT.replace(
                "token: \"x\"", "client-certificate-data: \"bm8gY2VydGlmaWNhdGU=\", client-key-data: \"bm8ga2V5\""));
        assertTrue(certificate.contains("ertificate"), certificate);
    }

    private String refusalOfUser(String user) throws IOException {
        return refusalOf(RIGHT.replace("{token: \"x\"}", user));
    }

    /** Nobody asks as somebody else than the file says, and nothing is started that it names. */
    @Test
    void oneWhoseUserIsNotServed() throws IOException {
        Path witness = folder.resolve("witness");
        assertEquals(
                "its user signs in by a program (exec), and Towpath starts none: give it a token, a tokenFile or a"
                        + " client-certificate",
                refusalOfUser("{exec: {apiVersion: client.authentication.k8s.io/v1, command: touch, args: [\"" + witness
                        + "\"], interactiveMode: Never}}"));
        assertFalse(Files.exists(witness));
        assertEquals(
                "its user signs in by a program (auth-provider), and Towpath starts none: give it a token, a tokenFile"
                        + " or a client-certificate",
                refusalOfUser("{auth-provider: {name: oidc, config: {id-token: x}}}"));
        assertEquals(
                "its user asks as another one (as: bob), which Towpath does not: give it a user that has the rights"
                        + " itself",
                refusalOfUser("{token: x, as: bob}"));
    }

    @Test
    void whatIsRenewedIsNoticed() throws IOException {
        Path authority =
                Files.writeString(folder.resolve("ca.crt"), Identity.of("a").certificate());
        Files.writeString(file(), RIGHT.replace("6443\"", "6443\", certificate-authority: ca.crt"));
        try (ApiClient client = new ApiClient(new ApiAccess(null, file(), null, null))) {
            assertFalse(client.isOutdated());
            Files.delete(authority);
            assertFalse(client.isOutdated(), "it may be amid its replacement");
            Files.writeString(authority, Identity.of("b").certificate());
            assertTrue(client.isOutdated());
        }
        try (ApiClient client = new ApiClient(new ApiAccess(null, file(), null, null))) {
            Files.writeString(file(), RIGHT);
            assertTrue(client.isOutdated());
        }
    }
}
