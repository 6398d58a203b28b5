package io.towpath.lab.api;

import io.towpath.lab.Command;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** An authority and what it has signed, made by openssl: files in a folder, as {@code name.crt} and {@code name.key}. */
public final class Certificates {
    private static final String PASSWORD = "lab";

    private final Path folder;

    /** With a new authority, {@code ca.crt}. */
    public Certificates(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path("ca.key"));
        openssl(
                "req",
                "-x509",
                "-key",
                path("ca.key"),
                "-subj",
                "/CN=kubernetes",
                "-days",
                "2",
                "-out",
                path("ca.crt"));
    }

    /** The form in which a key's file has it. */
    public enum Key {
        /** {@code BEGIN RSA PRIVATE KEY}, as kubeadm's. */
        RSA,
        /** {@code BEGIN EC PRIVATE KEY}, as k3s's. */
        EC,
        /** {@code BEGIN PRIVATE KEY}. */
        PKCS8
    }

    /** A certificate for a client or server; a server's has its IP address. */
    public void sign(String name, Key form, String subject, String address) throws IOException {
        sign(name, form, subject, address.isEmpty() ? List.of() : List.of("IP:" + address));
    }

    /** A certificate for a server with several names, such as {@code IP:192.0.2.1} and {@code DNS:kubernetes}. */
    public void sign(String name, Key form, String subject, List<String> alternatives) throws IOException {
        String key = path(name + ".key");
        switch (form) {
            case EC -> openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key);
            case RSA -> openssl("genrsa", "-traditional", "-out", key, "2048");
            case PKCS8 -> openssl("genpkey", "-algorithm", "RSA", "-out", key);
        }
        Path request = folder.resolve(name + ".csr");
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", request.toString());
        Path extensions = Files.writeString(
                folder.resolve(name + ".ext"),
                alternatives.isEmpty() ? "" : "subjectAltName=" + String.join(",", alternatives) + "\n");
        openssl(
                "x509",
                "-req",
                "-in",
                request.toString(),
                "-CA",
                path("ca.crt"),
                "-CAkey",
                path("ca.key"),
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                extensions.toString(),
                "-out",
                path(name + ".crt"));
    }

    /** A key by which tokens are signed, and its public half: {@code name.key} and {@code name.pub}. */
    public void keyPair(String name) {
        openssl("genrsa", "-out", path(name + ".key"), "2048");
        openssl("rsa", "-in", path(name + ".key"), "-pubout", "-out", path(name + ".pub"));
    }

    /** The path of a file. */
    public String path(String file) {
        return folder.resolve(file).toString();
    }

    /** A server's, which takes certificates that this authority has signed. */
    public SSLContext context(String server) throws IOException {
        openssl(
                "pkcs12",
                "-export",
                "-inkey",
                path(server + ".key"),
                "-in",
                path(server + ".crt"),
                "-out",
                path(server + ".p12"),
                "-passout",
                "pass:" + PASSWORD);
        try (InputStream file = Files.newInputStream(folder.resolve(server + ".p12"));
                InputStream authority = Files.newInputStream(folder.resolve("ca.crt"))) {
            KeyStore own = KeyStore.getInstance("PKCS12");
            own.load(file, PASSWORD.toCharArray());
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(own, PASSWORD.toCharArray());
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(authority));
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void openssl(String... words) {
        Command.of(words).by("openssl").run().succeeded();
    }
}
