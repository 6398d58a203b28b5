package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import io.towpath.lab.Json;
import io.towpath.lab.Namespace;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The store of the cluster's objects: one etcd, and what its operator does. */
final class Etcd {
    static final String URL = "http://127.0.0.1:2379";

    private final Namespace namespace;
    private final String program;
    private final Path data;
    private final Path saved;
    private final Path log;
    private @Nullable Process process;

    /**
     * None yet.
     *
     * @param folder for its data
     */
    Etcd(Namespace namespace, String program, Path folder, Path log) {
        this.namespace = namespace;
        this.program = program;
        this.log = log;
        data = folder.resolve("etcd");
        saved = folder.resolve("etcd-saved");
    }

    /** Starts it with the data that are there. */
    void start() {
        process = namespace.background(
                Command.of(
                        program,
                        "--data-dir",
                        data.toString(),
                        "--unsafe-no-fsync",
                        "--listen-client-urls",
                        URL,
                        "--advertise-client-urls",
                        URL,
                        "--listen-peer-urls",
                        "http://127.0.0.1:2380",
                        "--log-level",
                        "warn"),
                log);
    }

    /** Ends it as a crash does. */
    void stop() {
        Process running = process;
        process = null;
        if (running != null) {
            running.destroyForcibly();
            running.onExit().join();
        }
    }

    /** Keeps what it has now; it must not run. */
    void save() {
        copy(data, saved);
    }

    /** Takes it back to what was kept; it must not run. */
    void restore() {
        copy(saved, data);
    }

    private static void copy(Path from, Path to) {
        Command.of("rm", "-rf", to.toString()).run().succeeded();
        Command.of("cp", "-a", from.toString(), to.toString()).run().succeeded();
    }

    /**
     * Forgets all that was before its newest revision, which it returns.
     *
     * @throws AssertionError if it does not say that it has
     */
    long compact() {
        long revision = revision();
        ask("kv/compaction", "{\"revision\": \"" + revision + "\", \"physical\": true}");
        return revision;
    }

    /** Its newest revision, which the API has for the newest version of all. */
    long revision() {
        return Json.read(ask("kv/range", "{\"key\": \"AA==\"}"))
                .at("/header/revision")
                .asLong();
    }

    private String ask(String what, String question) {
        return namespace
                .inside(Command.of(
                        "curl", "-sS", "--fail-with-body", "--noproxy", "*", "-d", question, URL + "/v3/" + what))
                .run()
                .succeeded()
                .out();
    }
}
