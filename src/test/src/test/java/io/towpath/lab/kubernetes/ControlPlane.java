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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * etcd, API server, controller manager and scheduler, in a network namespace of their own. That is also the switch between the nodes and their
 * gateway: what leaves the cluster ends there.
 */
final class ControlPlane implements AutoCloseable {
    private static final Duration READY = Duration.ofMinutes(6);
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final int API_PORT = 6443;

    /** Whose requests the audit log has, all of them. */
    private static final String AUDITED = "system:serviceaccount:kube-system:towpath";

    private final Peers peers;
    private final Settings settings;
    private final Namespace namespace;
    private final Path folder;
    private final Path logs;
    private final ClusterKeys keys;
    private final Etcd etcd;
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
        keys = new ClusterKeys(folder);
        etcd = new Etcd(namespace, peers.of("etcd"), folder, logs.resolve("etcd.log"));
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
        etcd.start();
        startApi();
        startControllers();
    }

    private void startControllers() {
        start(
                "kube-controller-manager",
                "--kubeconfig",
                kubeconfig("manager").toString(),
                "--authentication-kubeconfig",
                kubeconfig("manager").toString(),
                "--authorization-kubeconfig",
                kubeconfig("manager").toString(),
                "--cert-dir",
                keys.certificates().path("run"),
                "--allocate-node-cidrs",
                "--cluster-cidr",
                settings.podCidr(),
                "--service-cluster-ip-range",
                settings.serviceCidr(),
                "--root-ca-file",
                keys.published().toString(),
                "--service-account-private-key-file",
                keys.tokenKey(),
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
                keys.certificates().path("run"),
                "--leader-elect=false");
    }

    /**
     * Starts the API server, the first time or after {@link #stopApi}; returns when it is ready.
     *
     * @param more flags for this time
     */
    void startApi(String... more) {
        List<String> words = new ArrayList<>(List.of(
                "--etcd-servers",
                Etcd.URL,
                "--bind-address",
                "::",
                "--advertise-address",
                settings.underlay(1),
                "--secure-port",
                String.valueOf(API_PORT),
                "--tls-cert-file",
                keys.servingCertificate(),
                "--tls-private-key-file",
                keys.servingKey(),
                "--cert-dir",
                keys.certificates().path("run"),
                // By the node's name, which nobody resolves here, logs and exec would fail.
                "--kubelet-preferred-address-types",
                "InternalIP",
                "--client-ca-file",
                keys.certificates().path("ca.crt"),
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
                keys.acceptedTokenKeys().toString(),
                "--service-account-signing-key-file",
                keys.tokenKey(),
                "--audit-policy-file",
                folder.resolve("audit.yaml").toString(),
                "--audit-log-path",
                auditLog().toString()));
        words.addAll(List.of(more));
        start("kube-apiserver", words.toArray(String[]::new));
        await(
                READY,
                "the API server is ready",
                () -> kubectl("get", "--raw", "/readyz").exit() == 0);
    }

    /** Ends the API server as a crash does. */
    void stopApi() {
        end("kube-apiserver");
    }

    /** Has the API server begin to end as an update does; closed, it has ended. */
    Ending endingApi() {
        Process process = Objects.requireNonNull(running.remove("kube-apiserver"), "not running");
        process.destroy();
        return process.onExit()::join;
    }

    /** A program that is asked to end. */
    interface Ending extends AutoCloseable {
        /** Waits until it has. */
        @Override
        void close();
    }

    /** Ends the controllers and the scheduler and starts them again. */
    void restartControllers() {
        end("kube-controller-manager");
        end("kube-scheduler");
        startControllers();
    }

    Etcd etcd() {
        return etcd;
    }

    /** Takes the API away from the nodes, or gives it back: what they send to it is lost. */
    void cutNodesOff(boolean cut) {
        if (cut) {
            namespace.run(
                    "nft",
                    "table inet lab { chain in { type filter hook input priority 0; iifname underlay tcp dport "
                            + API_PORT + " drop; }; }");
        } else {
            namespace.run("nft", "delete table inet lab");
        }
    }

    ClusterKeys keys() {
        return keys;
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
            return Files.writeString(folder.resolve(name + ".conf"), """
                    apiVersion: v1
                    kind: Config
                    clusters: [{name: lab, cluster: {server: "%s", certificate-authority: "%s"}}]
                    users: [{name: lab, user: {%s}}]
                    contexts: [{name: lab, context: {cluster: lab, user: lab}}]
                    current-context: lab
                    """.formatted(api(), keys.trusted(), user));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same for a node, with a certificate: the API server knows kubelets by their names. */
    Path nodeKubeconfig(String node) throws IOException {
        keys.certificates().sign(node, Certificates.Key.EC, "/O=system:nodes/CN=system:node:" + node, "");
        return kubeconfig(
                node,
                "client-certificate: \"" + keys.certificates().path(node + ".crt") + "\", client-key: \""
                        + keys.certificates().path(node + ".key") + "\"");
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
        etcd.stop();
    }
}
