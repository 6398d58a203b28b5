package io.towpath.lab.kubernetes;

import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Dockerfile;
import io.towpath.lab.ImageArchive;
import io.towpath.lab.Manifest;
import io.towpath.lab.api.Certificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The images of a cluster's pods, made without an engine. */
final class Images {
    static final String PAUSE = "registry.k8s.io/pause:3.10.2";
    static final String COREDNS = "registry.k8s.io/coredns/coredns:1.15.0";
    static final String AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.66.1";

    /**
     * What else the tests of Kubernetes 1.37 and of network-policy-api 0.3 ask for, and this image can do in its place: other versions
     * of it, a shell with DNS clients, a shell, a server that nobody asks, and conntrack.
     */
    private static final List<String> MORE_NAMES = List.of(
            "registry.k8s.io/e2e-test-images/agnhost:2.55",
            "registry.k8s.io/e2e-test-images/agnhost:2.45",
            "registry.k8s.io/e2e-test-images/glibc-dns-testing:2.1.1",
            "registry.k8s.io/e2e-test-images/busybox:1.37.0-2",
            "registry.k8s.io/e2e-test-images/nginx:1.27.0-2",
            "registry.k8s.io/build-image/distroless-iptables:v0.9.9");

    /** A server that answers with what conntrack takes for invalid, and sees whether its client is reset. */
    private static final String INVALID_CONNTRACK = "registry.k8s.io/e2e-test-images/regression-issue-74839:1.5";

    private Images() {}

    /** Writes what every node needs, Towpath's image aside, and returns the archives. */
    static List<Path> ofEveryNode(Peers peers, Path folder) throws IOException {
        Files.createDirectories(folder);
        List<Path> archives = new ArrayList<>();
        archives.add(ImageArchive.named(PAUSE)
                .entrypoint("/pause")
                .file(peers.file("pause"), "/pause")
                .write(folder.resolve("pause.tar")));
        archives.add(ImageArchive.named(COREDNS)
                .entrypoint("/coredns")
                .file(peers.file("coredns"), "/coredns")
                .write(folder.resolve("coredns.tar")));
        archives.add(agnhost(peers, folder).write(folder.resolve("agnhost.tar")));
        return archives;
    }

    /** Writes what upstream's end-to-end tests need besides, and returns the archive. */
    static Path ofUpstreamsTests(Peers peers, Path folder) throws IOException {
        return ImageArchive.named(INVALID_CONNTRACK)
                .entrypoint("/regression-issue-74839")
                .file(peers.file("regression-issue-74839"), "/regression-issue-74839")
                .write(Files.createDirectories(folder).resolve("invalid-conntrack.tar"));
    }

    /** What upstream's image has besides its program: clients and a shell, which the tests call. */
    private static ImageArchive agnhost(Peers peers, Path folder) throws IOException {
        Certificates certificates = new Certificates(folder.resolve("localhost"));
        certificates.sign("localhost", Certificates.Key.PKCS8, "/CN=localhost", List.of("DNS:localhost"));
        ImageArchive image = ImageArchive.named(AGNHOST)
                .alsoNamed(MORE_NAMES)
                .entrypoint("/agnhost")
                .command("pause")
                // goes on as agnhost.real where no SCTP is asked for, or the kernel has it
                .file(peers.file("sctp-agnhost"), "/agnhost")
                .file(peers.file("agnhost"), "/agnhost.real")
                .text("/localhost.crt", Files.readString(Path.of(certificates.path("localhost.crt"))))
                .text("/localhost.key", Files.readString(Path.of(certificates.path("localhost.key"))));
        // Upstream's tests call it. An emulated processor runs none of them, and takes minutes for its checksums.
        if (Await.SLOWNESS == 1) {
            image.file(peers.file("coredns"), "/coredns");
        }
        // the tests name it by its path; busybox's own shell would take its own nc before any other
        image.file(program("bash"), "/bin/bash").file(program("bash"), "/bin/sh");
        for (String program : List.of("curl", "dig", "getent", "ip", "iperf", "nc", "conntrack", "wget")) {
            image.file(program(program), "/usr/bin/" + program);
        }
        return image.busybox();
    }

    private static Path program(String name) {
        String found = Command.of("which", name).run().out().strip();
        if (found.isEmpty()) {
            throw new IllegalStateException("there is no " + name + " on this machine");
        }
        return Path.of(found);
    }

    /** The image that the manifest names, with the files that the Dockerfile names. */
    static Path towpath(Path root, Path folder) throws IOException {
        Files.createDirectories(folder);
        return Dockerfile.in(root).image(towpathName()).write(folder.resolve("towpath.tar"));
    }

    private static String towpathName() {
        return Manifest.ofKind("DaemonSet")
                .at("/spec/template/spec/containers/0/image")
                .asText();
    }
}
