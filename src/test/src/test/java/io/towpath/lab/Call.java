package io.towpath.lab;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** One execution of a plugin on a node, as libcni does it. Immutable. */
public final class Call {
    private final Path plugin;
    private final Namespace on;
    private final Map<String, String> environment;
    private final byte[] stdin;

    private Call(Path plugin, Namespace on, Map<String, String> environment, byte[] stdin) {
        this.plugin = plugin;
        this.on = on;
        this.environment = Map.copyOf(environment);
        this.stdin = stdin;
    }

    /**
     * With the variables that every verb has.
     *
     * @param on the namespace that the runtime sits in
     */
    public static Call of(Path plugin, Namespace on, String verb, NetConf conf) {
        Path folder = plugin.toAbsolutePath().getParent();
        return new Call(plugin, on, Map.of("CNI_COMMAND", verb, "CNI_PATH", String.valueOf(folder)), conf.bytes());
    }

    /** One more variable, or another value for it. */
    public Call with(String variable, String value) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(variable, value);
        return new Call(plugin, on, more, stdin);
    }

    /** Fewer variables. */
    public Call without(String... variables) {
        Map<String, String> less = new TreeMap<>(environment);
        for (String variable : variables) {
            less.remove(variable);
        }
        return new Call(plugin, on, less, stdin);
    }

    /** Another standard input. */
    public Call stdin(byte[] bytes) {
        return new Call(plugin, on, environment, bytes.clone());
    }

    /** Another standard input. */
    public Call stdin(String text) {
        return stdin(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Another standard input. */
    public Call stdin(NetConf conf) {
        return stdin(conf.bytes());
    }

    Command command() {
        Command command = Command.of(plugin.toString()).stdin(stdin);
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            command = command.with(variable.getKey(), variable.getValue());
        }
        return on.inside(command);
    }

    /** Runs the plugin to its end. */
    public Answer run() {
        Command.Outcome outcome = command().run();
        return new Answer(outcome.what(), outcome.exit(), outcome.out(), outcome.err());
    }

    /** Starts the plugin and feeds it. */
    public Process start() {
        Command command = command();
        Process process = command.start();
        command.feed(process);
        return process;
    }

    @Override
    public String toString() {
        return command().toString();
    }
}
