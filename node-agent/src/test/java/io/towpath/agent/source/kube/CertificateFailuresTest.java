package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real handshakes with servers whose certificates are of an authority, and something is wrong. */
class CertificateFailuresTest {
    private static final String PASSWORD = "changeit";
    private static final String LOCALHOST = "san=ip:127.0.0.1";

    @TempDir
    static Path folder;

    @BeforeAll
    static void authorities() throws IOException, InterruptedException {
        for (String name : List.of("ours", "other", "renewed")) {
            String subject = name.equals("renewed") ? "CN=ours" : "CN=" + name;
            keytool("-genkeypair", "-alias", name, "-keyalg", "EC", "-dname", subject, "-ext", "bc:c");
            keytool("-exportcert", "-rfc", "-alias", name, "-file", path(name + ".crt"));
        }
    }

    private static String path(String file) {
        return folder.resolve(file).toString();
    }

    private static void keytool(String... words) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        all.addAll(List.of(words));
        all.addAll(List.of("-keystore", path("keys.p12"), "-storepass", PASSWORD));
        Process process = new ProcessBuilder(all)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("keytool.log").toFile())
                .start();
        assertEquals(0, process.waitFor(), () -> String.join(" ", all));
    }

    /** A server of the authority {@code ours}, with a certificate that the words make. */
    private static SSLServerSocket server(String name, String... words)
            throws IOException, InterruptedException, GeneralSecurityException {
        keytool("-genkeypair", "-alias", name, "-keyalg", "EC", "-dname", "CN=" + name);
        keytool("-certreq", "-alias", name, "-file", path(name + ".csr"));
        List<String> sign = new ArrayList<>(List.of(
                "-gencert", "-alias", "ours", "-infile", path(name + ".csr"), "-outfile", path(name + ".crt"), "-rfc"));
        sign.addAll(List.of(words));
        keytool(sign.toArray(String[]::new));
        keytool("-importcert", "-noprompt", "-alias", name, "-file", path(name + ".crt"));
        KeyStore all = KeyStore.getInstance(folder.resolve("keys.p12").toFile(), PASSWORD.toCharArray());
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, null);
        own.setKeyEntry(
                "own", all.getKey(name, PASSWORD.toCharArray()), PASSWORD.toCharArray(), all.getCertificateChain(name));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, PASSWORD.toCharArray());
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(keys.getKeyManagers(), null, null);
        return (SSLServerSocket)
                tls.getServerSocketFactory().createServerSocket(0, 0, InetAddress.getLoopbackAddress());
    }

    /** What is told of an API at that server. */
    private static String told(SSLServerSocket server, String authority) throws IOException {
        Path token = Files.writeString(folder.resolve("token"), "secret");
        Thread.ofVirtual().start(() -> {
            try (Socket socket = server.accept()) {
                assertEquals(-1, socket.getInputStream().read());
            } catch (IOException _) {
                // the client has said what it thinks of it
            }
        });
        try (server;
                ApiClient client = new ApiClient(new ApiAccess(
                        "https://127.0.0.1:" + server.getLocalPort(), null, token, folder.resolve(authority)))) {
            var call = client.calls().get(FakeApi.VERSION, JsonNode.class);
            Throwable failure =
                    assertThrows(ExecutionException.class, () -> call.get(Told.LIMIT.toSeconds(), TimeUnit.SECONDS));
            return Failures.line(failure);
        }
    }

    @Test
    void ofAnotherAuthority() throws Exception {
        assertEquals(
                "the API server's certificate is of none of the authorities that are trusted here",
                told(server("strange", "-ext", LOCALHOST), "other.crt"));
    }

    /** As a cluster's authority has that was made anew. */
    @Test
    void ofAnotherAuthorityOfTheSameName() throws Exception {
        assertEquals(
                "the API server's certificate is of none of the authorities that are trusted here",
                told(server("strange-too", "-ext", LOCALHOST), "renewed.crt"));
    }

    @Test
    void expired() throws Exception {
        String line = told(server("old", "-ext", LOCALHOST, "-startdate", "-10d", "-validity", "2"), "ours.crt");
        assertTrue(line.startsWith("the API server's certificate or its authority's has expired (NotAfter: "), line);
    }

    @Test
    void notYetValid() throws Exception {
        String line = told(server("new", "-ext", LOCALHOST, "-startdate", "+2d"), "ours.crt");
        assertTrue(
                line.startsWith("the API server's certificate or its authority's is not valid yet (NotBefore: "), line);
    }

    @Test
    void forAnotherName() throws Exception {
        assertEquals(
                "the API server's certificate is not for IP address 127.0.0.1",
                told(server("elsewhere", "-ext", "san=ip:192.0.2.1,dns:kubernetes"), "ours.crt"));
    }

    @Test
    void whoHasNoCertificateIsToldWhatTheServerSays() throws Exception {
        SSLServerSocket server = server("strict", "-ext", LOCALHOST);
        server.setNeedClientAuth(true);
        assertEquals(
                "the API server refuses this node's certificate, or that there is none: certificate_required",
                told(server, "ours.crt"));
    }
}
