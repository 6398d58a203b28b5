package io.towpath.lab.kubernetes;

import io.towpath.lab.api.Certificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** What a cluster proves itself by, and its renewal. What changes here counts from the next start of the API server or the controllers on. */
final class ClusterKeys {
    private static final String SERVING = "api";
    private static final String TOKENS = "sa";

    private final Path folder;
    private final Certificates certificates;
    private final Certificates next;

    /** New ones, in a folder. */
    ClusterKeys(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        certificates = new Certificates(folder.resolve("pki"));
        next = new Certificates(folder.resolve("pki-next"));
        renewServing();
        replaceTokenKey();
        publish(certificates);
        Files.writeString(trusted(), authority(certificates) + authority(next));
    }

    /** By whose authority users are known, and programs keep what they make themselves. */
    Certificates certificates() {
        return certificates;
    }

    String servingCertificate() {
        return certificates.path(SERVING + ".crt");
    }

    String servingKey() {
        return certificates.path(SERVING + ".key");
    }

    /** By which tokens are signed. */
    String tokenKey() {
        return certificates.path(TOKENS + ".key");
    }

    /** The public halves of keys by which a token may be signed. */
    Path acceptedTokenKeys() {
        return folder.resolve("tokens.pub");
    }

    /** Whom pods are told to trust. */
    Path published() {
        return folder.resolve("published.crt");
    }

    /** Whom all others trust. */
    Path trusted() {
        return folder.resolve("trusted.crt");
    }

    /** Signs anew what the API server proves itself by. */
    void renewServing() throws IOException {
        signServing(certificates);
    }

    /** As {@link #renewServing}, by another authority; pods trust it when {@link #publishNext} has come to them. */
    void replaceServing() throws IOException {
        signServing(next);
        for (String file : List.of(SERVING + ".crt", SERVING + ".key")) {
            Files.copy(Path.of(next.path(file)), Path.of(certificates.path(file)), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Pods are to trust the other authority alone. */
    void publishNext() throws IOException {
        publish(next);
    }

    /** Tokens are signed by a new key, and those by others are refused. */
    void replaceTokenKey() throws IOException {
        certificates.keyPair(TOKENS);
        acceptTokens("");
    }

    /** Tokens by the newest key are accepted, and those by others of which this is the public half. */
    void acceptTokens(String more) throws IOException {
        Files.writeString(acceptedTokenKeys(), Files.readString(Path.of(certificates.path(TOKENS + ".pub"))) + more);
    }

    private static void signServing(Certificates by) throws IOException {
        by.sign(
                SERVING,
                Certificates.Key.EC,
                "/CN=kube-apiserver",
                List.of(
                        "IP:192.168.60.1",
                        "IP:fd60::1",
                        "IP:127.0.0.1",
                        "IP:10.96.0.1",
                        "IP:fd00:10:96::1",
                        "DNS:kubernetes.default.svc"));
    }

    private void publish(Certificates of) throws IOException {
        Files.writeString(published(), authority(of));
    }

    private static String authority(Certificates of) throws IOException {
        return Files.readString(Path.of(of.path("ca.crt")));
    }
}
