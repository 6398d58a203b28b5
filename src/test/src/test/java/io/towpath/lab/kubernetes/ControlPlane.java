package io.towpath.lab.kubernetes;

import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Lab;
import io.towpath.lab.Namespace;
import io.towpath.lab.api.Certificates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * etcd, API server, controller manager and scheduler, in a network namespace of their own. That is also the switch between the nodes and their
 * gateway: what leaves the cluster ends there.
 */
final class ControlPlane implements AutoCloseable {
    private static final Duration READY = Duration.ofMinutes(2);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final int API_PORT = 6443;

    /** Whose requests the audit log has, all of them. */
    private static final String AUDITED = "system:serviceaccount:kube-system:towpath";

    private final Peers peers;
    private final Settings settings;
    private final Namespace namespace;
    private final Path folder;
    private final Path logs;
    private final Certificates certificates;
    private final Map<String, Path> kubeconfigs = new ConcurrentHashMap<>();
    private final Map<String, Process> running = new ConcurrentHashMap<>();

    /** Starts all of it; nodes may register when this returns. */
    ControlPlane(Lab lab, Peers peers, Settings settings, Path logs) throws IOException {
        this.peers = peers;
        this.settings = settings;
        this.logs = logs;
        namespace = lab.namespace("control-plane");
        folder = Files.createDirectories(lab.folder().resolve("control-plane"));
        namespace.ip(
                "link add name underlay type bridge",
                "address add 192.168.60.1/24 dev underlay",
                "address add fd60::1/64 dev underlay nodad",
                "link set underlay up");
        namespace.sysctl("net/ipv4/ip_forward", "1");
        namespace.sysctl("net/ipv6/conf/all/forwarding", "1");
        certificates = new Certificates(folder.resolve("pki"));
        certificates.sign(
                "api",
                Certificates.Key.EC,
                "/CN=kube-apiserver",
                List.of(
                        "IP:192.168.60.1",
                        "IP:fd60::1",
                        "IP:127.0.0.1",
                        "IP:10.96.0.1",
                        "IP:fd00:10:96::1",
                        "DNS:kubernetes.default.svc"));
        certificates.keyPair("sa");
        Files.writeString(folder.resolve("audit.yaml"), """
                apiVersion: audit.k8s.io/v1
                kind: Policy
                omitStages: [RequestReceived]
                rules:
                  - {level: Metadata, users: ["%s"]}
                  - {level: None}
                """.formatted(AUDITED));
        Files.writeString(folder.resolve("tokens.csv"), """
                admin,admin,1,"system:masters"
                manager,system:kube-controller-manager,2
                scheduler,system:kube-scheduler,3
                proxy,system:kube-proxy,4,"system:node-proxier"
                """);
        startEtcd();
        startApi();
        start(
                "kube-controller-manager",
                "--kubeconfig",
                kubeconfig("manager").toString(),
                "--authentication-kubeconfig",
                kubeconfig("manager").toString(),
                "--authorization-kubeconfig",
                kubeconfig("manager").toString(),
                "--cert-dir",
                certificates.path("run"),
                "--allocate-node-cidrs",
                "--cluster-cidr",
                settings.podCidr(),
                "--service-cluster-ip-range",
                settings.serviceCidr(),
                "--root-ca-file",
                certificates.path("ca.crt"),
                "--service-account-private-key-file",
                certificates.path("sa.key"),
                "--use-service-account-credentials",
                "--leader-elect=false");
        start(
                "kube-scheduler",
                "--kubeconfig",
                kubeconfig("scheduler").toString(),
                "--authentication-kubeconfig",
                kubeconfig("scheduler").toString(),
                "--authorization-kubeconfig",
                kubeconfig("scheduler").toString(),
                "--cert-dir",
                certificates.path("run"),
                "--leader-elect=false");
    }

    private void startEtcd() {
        start(
                "etcd",
                "--data-dir",
                folder.resolve("etcd").toString(),
                "--unsafe-no-fsync",
                "--listen-client-urls",
                "http://127.0.0.1:2379",
                "--advertise-client-urls",
                "http://127.0.0.1:2379",
                "--listen-peer-urls",
                "http://127.0.0.1:2380",
                "--log-level",
                "warn");
    }

    /** Starts the API server, the first time or after {@link #stopApi}; returns when it is ready. */
    void startApi() {
        start(
                "kube-apiserver",
                "--etcd-servers",
                "http://127.0.0.1:2379",
                "--bind-address",
                "::",
                "--advertise-address",
                settings.underlay(1),
                "--secure-port",
                String.valueOf(API_PORT),
                "--tls-cert-file",
                certificates.path("api.crt"),
                "--tls-private-key-file",
                certificates.path("api.key"),
                "--cert-dir",
                certificates.path("run"),
                // By the node's name, which nobody resolves here, logs and exec would fail.
                "--kubelet-preferred-address-types",
                "InternalIP",
                "--client-ca-file",
                certificates.path("ca.crt"),
                "--token-auth-file",
                folder.resolve("tokens.csv").toString(),
                "--authorization-mode",
                "Node,RBAC",
                "--allow-privileged",
                "--service-cluster-ip-range",
                settings.serviceCidr(),
                "--service-account-issuer",
                "https://kubernetes.default.svc",
                "--service-account-key-file",
                certificates.path("sa.pub"),
                "--service-account-signing-key-file",
                certificates.path("sa.key"),
                "--audit-policy-file",
                folder.resolve("audit.yaml").toString(),
                "--audit-log-path",
                auditLog().toString());
        await(
                READY,
                "the API server is ready",
                () -> kubectl("get", "--raw", "/readyz").exit() == 0);
    }

    /** Ends the API server as a crash does. */
    void stopApi() {
        end("kube-apiserver");
    }

    /** What the API server was asked on behalf of Towpath's agents; one JSON object a line. */
    Path auditLog() {
        return logs.resolve("audit.log");
    }

    Namespace namespace() {
        return namespace;
    }

    /** Where nodes and pods find the API. */
    String api() {
        return "https://" + Settings.inUrl(settings.underlay(1)) + ":" + API_PORT;
    }

    /** A file by which a program speaks to the API, as who has this token. */
    Path kubeconfig(String token) {
        return kubeconfigs.computeIfAbsent(token, who -> kubeconfig(who, "token: \"" + who + "\""));
    }

    /** A file of that name, by which a program speaks to the API as a user who proves itself so. */
    Path kubeconfig(String name, String user) {
        try {
            return Files.writeString(
                    folder.resolve(name + ".conf"), """
                    apiVersion: v1
                    kind: Config
                    clusters: [{name: lab, cluster: {server: "%s", certificate-authority: "%s"}}]
                    users: [{name: lab, user: {%s}}]
                    contexts: [{name: lab, context: {cluster: lab, user: lab}}]
                    current-context: lab
                    """.formatted(api(), certificates.path("ca.crt"), user));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same for a node, with a certificate: the API server knows kubelets by their names. */
    Path nodeKubeconfig(String node) throws IOException {
        certificates.sign(node, Certificates.Key.EC, "/O=system:nodes/CN=system:node:" + node, "");
        return kubeconfig(
                node,
                "client-certificate: \"" + certificates.path(node + ".crt") + "\", client-key: \""
                        + certificates.path(node + ".key") + "\"");
    }

    /** The cluster's administrator asks or says something. */
    Command.Outcome kubectl(String... words) {
        return namespace.inside(kubectlCommand(words)).run();
    }

    /** The same, not yet run. */
    Command kubectlCommand(String... words) {
        return Command.of(words)
                .by(peers.of("kubectl"), "--kubeconfig", adminConfig().toString())
                .with("HOME", folder.toString()); // for its cache
    }

    /** The administrator's kubeconfig. */
    Path adminConfig() {
        return kubeconfig("admin");
    }

    private void start(String program, String... words) {
        Command command = Command.of(words).by(peers.of(program));
        running.put(program, namespace.background(command, logs.resolve(program + ".log")));
    }

    private void end(String program) {
        Process process = running.remove(program);
        if (process != null) {
            process.destroyForcibly();
            process.onExit().join();
        }
    }

    private void await(Duration deadline, String what, java.util.function.BooleanSupplier condition) {
        Await.until(what, deadline, PAUSE, condition, () -> "see " + logs);
    }

    /** Nobody needs them to end well: watches would have the API server wait for a minute. */
    @Override
    public void close() {
        List.copyOf(running.keySet()).forEach(this::end);
    }
}
