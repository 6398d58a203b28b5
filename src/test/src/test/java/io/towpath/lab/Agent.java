package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.api.ApiServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The executable {@code towpath-node} on a node, with the capabilities that the shipped manifest gives it and no others. */
public final class Agent implements AutoCloseable {
    private static final int PORT = 9098;
    private static final String PATIENCE_SECONDS = String.valueOf(5 * Await.SLOWNESS);
    private static final int TERMINATED = 128 + 15;
    private static final int MOST_DESCRIPTORS = 1024;

    private final Node node;
    private final List<String> options = new ArrayList<>();
    private final Path socket;
    private @Nullable Process process;
    private Path log;
    private int runs;
    private String[] wrapper = {};
    private final Map<String, String> environment = new TreeMap<>();

    private Agent(Node node) {
        this.node = node;
        this.socket = node.folder().resolve("agent.sock");
        this.log = node.folder().resolve("agent.log");
        Path conflist = node.folder().resolve("10-towpath.conflist");
        Json.write(conflist, node.conflist());
        with("--state-dir", node.stateDir().toString());
        with("--cache-dir", node.cacheDir().toString());
        with("--subnet-file", node.subnetEnv().toString());
        with("--socket", socket.toString());
        with("--cni-conf", conflist.toString());
    }

    /**
     * How the program under test is called: the system property {@code towpath.agent.executable}, by default the native executable just
     * built; where there is none, as after a build with {@code -DskipNative=true}, the same classes on this JVM.
     */
    private static List<String> program() {
        String configured = System.getProperty("towpath.agent.executable", "../../node-agent/target/towpath-node");
        Path path = Path.of(configured).toAbsolutePath().normalize();
        Path target = path.resolveSibling("classes");
        Path classPath = path.resolveSibling("test.classpath");
        if (Files.isExecutable(path)) {
            return List.of(path.toString());
        }
        if (!Files.isDirectory(target) || !Files.isReadable(classPath)) {
            throw new AssertionError("there is no executable " + path
                    + ": build it with \"mvn package\" in the project's root, or name another with"
                    + " -Dtowpath.agent.executable=/path/to/towpath-node");
        }
        try {
            return List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    target + ":" + Files.readString(classPath),
                    "io.towpath.agent.Main");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the native executable is under test. */
    public static boolean isNative() {
        return program().size() == 1;
    }

    /** An agent that follows the cluster file. */
    static Agent ofFile(Node node) {
        return new Agent(node).with("--cluster-file", node.clusterFile().toString());
    }

    /** An agent that follows the API server, with the network of the lab in flannel's configuration. */
    static Agent ofApi(Node node, ApiServer api) {
        return ofKubernetes(node).with("--kube-api-url", api.url());
    }

    /** An agent that is told by its options or its pod where the API is. */
    static Agent ofKubernetes(Node node) {
        Path file = FlannelConf.write(node, "{}");
        return new Agent(node).with("--node-name", node.name(), "--net-config-path", file.toString());
    }

    /** Further options. */
    public Agent with(String... more) {
        options.addAll(List.of(more));
        return this;
    }

    /** With more in the backend of its net-conf.json than the type, for example {@code {'VNI': 7}}. */
    public Agent backend(String more) {
        FlannelConf.write(node, more);
        return this;
    }

    /** With {@code /proc/sys} as a container has it that is not privileged. */
    public Agent readOnlySettings() {
        wrapper = new String[] {
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec \"$@\"",
            "sh"
        };
        return this;
    }

    /** Started with no more than so many file descriptors, which {@link #descriptors(int)} changes. */
    public Agent withDescriptors(int most) {
        wrapper = new String[] {"prlimit", "--nofile=" + most + ":" + MOST_DESCRIPTORS};
        return this;
    }

    /** How many file descriptors the running one may have from now on. */
    public void descriptors(int most) {
        Command.of("prlimit", "--pid", String.valueOf(pid()), "--nofile=" + most + ":" + MOST_DESCRIPTORS)
                .run()
                .succeeded();
    }

    /** As many as it needs. */
    public void enoughDescriptors() {
        descriptors(MOST_DESCRIPTORS);
    }

    /** Leaves it those file descriptors that it has, and no other: the limit is one of their numbers, and lower ones may be free. */
    public void noMoreDescriptors() {
        Path open = Path.of("/proc", String.valueOf(pid()), "fd");
        int free = 0;
        while (Files.exists(open.resolve(String.valueOf(free)), LinkOption.NOFOLLOW_LINKS)) {
            free++;
        }
        descriptors(free);
    }

    /** As in a pod: the API by the variables that the kubelet sets, and the service account's folder with this content. */
    public Agent inPod(ApiServer api, Path account) {
        environment.put("KUBERNETES_SERVICE_HOST", api.address().getAddress().getHostAddress());
        environment.put("KUBERNETES_SERVICE_PORT", String.valueOf(api.address().getPort()));
        wrapper = new String[] {
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /run && cd /run && mkdir -p secrets/kubernetes.io/serviceaccount"
                    + " && mount --bind \"$0\" secrets/kubernetes.io/serviceaccount && exec \"$@\"",
            account.toString()
        };
        return this;
    }

    public Node node() {
        return node;
    }

    /** Starts it; returns at once. */
    public Agent start() {
        runs++;
        log = node.folder().resolve("agent-" + runs + ".log");
        List<String> words = new ArrayList<>(program());
        words.add("agent");
        words.addAll(options);
        String bounding = String.join(
                ",",
                Manifest.agentCapabilities().stream()
                        .map(capability -> "+" + capability)
                        .toList());
        Command command = Command.of(words.toArray(String[]::new))
                .by("setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all," + bounding)
                .by(wrapper);
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            command = command.with(variable.getKey(), variable.getValue());
        }
        process = node.namespace().background(command, log);
        return this;
    }

    /** Waits until it says that it is ready. */
    public Agent awaitReady() {
        Await.until(
                "the agent on " + node + " is ready",
                () -> {
                    requireAlive();
                    return code("readyz") == 200;
                },
                this::log);
        return this;
    }

    /** Fails if it has ended. */
    public void requireAlive() {
        if (!process().isAlive()) {
            throw new AssertionError(
                    "the agent on " + node + " ended with " + process().exitValue() + "\n" + log());
        }
    }

    private Process process() {
        Process current = process;
        if (current == null) {
            throw new IllegalStateException("the agent on " + node + " was not started");
        }
        return current;
    }

    public long pid() {
        return process().pid();
    }

    /** What its process has ended with; null while it runs. */
    public @Nullable Integer exit() {
        return process().isAlive() ? null : process().exitValue();
    }

    /** The HTTP status of one of its pages, 0 if it does not answer. */
    public int code(String page) {
        Command.Outcome outcome = get("-o", "/dev/null", "-w", "%{http_code}", url(page));
        return Integer.parseInt(outcome.out().isEmpty() ? "0" : outcome.out());
    }

    /** One of its pages. */
    public String page(String page) {
        return get(url(page)).succeeded().out();
    }

    /** The value of a metric without labels, or of one with these labels as they are printed. */
    public double metric(String nameAndLabels) {
        for (String line : page("metrics").split("\n", -1)) {
            if (line.startsWith(nameAndLabels + " ")) {
                return Double.parseDouble(line.substring(nameAndLabels.length() + 1));
            }
        }
        throw new AssertionError("no metric " + nameAndLabels);
    }

    private static String url(String page) {
        return "http://127.0.0.1:" + PORT + "/" + page;
    }

    private Command.Outcome get(String... words) {
        return node.namespace()
                .inside(Command.of("curl", "-sS", "--noproxy", "*", "--max-time", PATIENCE_SECONDS)
                        .and(words))
                .run();
    }

    /** The executable as an operator calls it on the node, asking this agent. */
    public Command.Outcome operator(String... words) {
        return command(
                node,
                Stream.concat(Stream.of(words), Stream.of("--socket", socket.toString()))
                        .toArray(String[]::new));
    }

    /** The executable as an operator calls it on a node, asking no agent. */
    public static Command.Outcome command(Node node, String... words) {
        return node.namespace()
                .inside(Command.of(program().toArray(String[]::new)).and(words))
                .run();
    }

    /** What {@code towpath-node status} tells. */
    public JsonNode status() {
        return Json.read(operator("status", "--output", "json").out());
    }

    /** What it has said since it was last started. */
    public String log() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until it has said this. */
    public void awaitLog(String text) {
        Await.until("the agent on " + node + " says " + text, () -> log().contains(text), this::log);
    }

    /** Does something that it must not come in between of. */
    public void whilePaused(Runnable action) {
        Libc.pause(process().pid());
        try {
            action.run();
        } finally {
            Libc.resume(process().pid());
        }
    }

    /** As a crash. */
    public void kill() {
        Libc.kill(process().pid());
        process().onExit().join();
    }

    /** As a kubelet ends it; it has to end by itself and without an error. */
    public void terminate() {
        Libc.terminate(process().pid());
        Await.until("the agent ends", () -> !process().isAlive(), this::log);
        int code = process().exitValue();
        if (code != 0 && code != TERMINATED) {
            throw new AssertionError("exit code " + code + "\n" + log());
        }
    }

    @Override
    public void close() {
        Process current = process;
        if (current != null) {
            current.destroyForcibly();
            current.onExit().join();
        }
    }
}
