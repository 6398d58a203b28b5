package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A container of the shipped manifest, run by runc as a kubelet has it run: the image's files, a read-only root where the manifest says so,
 * its capabilities, its limit of memory, its volumes. What is the node's, as {@code /opt/cni/bin}, is below a folder.
 */
public final class Container implements AutoCloseable {
    private static final List<String> CAPABILITY_SETS = List.of("bounding", "effective", "permitted");

    private final String id;
    private final Path folder;
    private final JsonNode spec;
    private @Nullable Process process;
    private int runs;

    /**
     * A container that does not run yet.
     *
     * @param id its name, and that of its cgroup
     * @param folder for all of its files; what is on the node is below {@code node}
     */
    public Container(String id, Path folder, String name) throws IOException {
        this.id = id;
        this.folder = folder;
        this.spec = Manifest.container(name);
        Dockerfile.shipped().image(name).lay(folder.resolve("rootfs"));
        write();
    }

    /** A file or folder of the node's, by its path there. */
    public Path onNode(String path) {
        return folder.resolve("node").resolve(path.substring(1));
    }

    private void write() throws IOException {
        runc("spec", "--bundle", folder.toString()).succeeded();
        Path file = folder.resolve("config.json");
        ObjectNode config = (ObjectNode) Json.read(Files.readString(file));
        ObjectNode process = (ObjectNode) config.path("process");
        process.put("terminal", false);
        ArrayNode words = process.putArray("args");
        spec.path("command").forEach(words::add);
        spec.path("args").forEach(words::add);
        JsonNode security = spec.path("securityContext");
        process.put(
                "noNewPrivileges", !security.path("allowPrivilegeEscalation").asBoolean(true));
        ObjectNode capabilities = process.putObject("capabilities");
        for (String set : CAPABILITY_SETS) {
            ArrayNode names = capabilities.putArray(set);
            security.at("/capabilities/add").forEach(name -> names.add("CAP_" + name.asText()));
        }
        ((ObjectNode) config.path("root"))
                .put("readonly", security.path("readOnlyRootFilesystem").asBoolean());
        ObjectNode linux = (ObjectNode) config.path("linux");
        linux.put("cgroupsPath", "/" + id);
        linux.putObject("resources").putObject("memory").put("limit", Manifest.memoryLimit(spec));
        Map<String, Path> volumes = volumes();
        for (JsonNode mount : spec.path("volumeMounts")) {
            Path source = volumes.get(mount.path("name").asText());
            if (source == null) {
                throw new AssertionError("no volume for " + mount);
            }
            ObjectNode bind = ((ArrayNode) config.path("mounts")).addObject();
            bind.put("destination", mount.path("mountPath").asText()).put("type", "bind");
            bind.put("source", source.toString());
            ArrayNode options = bind.putArray("options").add("rbind");
            options.add(mount.path("readOnly").asBoolean() ? "ro" : "rw");
        }
        Json.write(file, config);
    }

    private Map<String, Path> volumes() throws IOException {
        Map<String, Path> paths = new HashMap<>();
        for (JsonNode volume : Manifest.pod().path("volumes")) {
            String name = volume.path("name").asText();
            String hostPath = volume.at("/hostPath/path").asText();
            Path path = hostPath.isEmpty() ? folder.resolve("volumes").resolve(name) : onNode(hostPath);
            Files.createDirectories(path);
            if (volume.has("configMap")) {
                for (Map.Entry<String, JsonNode> data :
                        Manifest.ofKind("ConfigMap").path("data").properties()) {
                    Files.writeString(
                            path.resolve(data.getKey()), data.getValue().asText());
                }
            }
            paths.put(name, path);
        }
        return paths;
    }

    private Command.Outcome runc(String... words) {
        return Command.of("runc", "--root", folder.resolve("runc").toString())
                .and(words)
                .run();
    }

    /** Runs it; once more after it has ended, with what its volumes have. */
    public void start() {
        runs++;
        process = Command.of("runc", "--root", folder.resolve("runc").toString(), "run")
                .and("--bundle", folder.toString(), id)
                .startInto(logFile());
    }

    private Path logFile() {
        return folder.resolve("log" + runs);
    }

    /** What it has printed since it was last started. */
    public String log() {
        try {
            return Files.readString(logFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether its readiness probe says so. */
    public boolean isReady() {
        List<String> words = new ArrayList<>(List.of("exec", id));
        spec.at("/readinessProbe/exec/command").forEach(word -> words.add(word.asText()));
        return runc(words.toArray(String[]::new)).exit() == 0;
    }

    /** The processes in it, by the node's numbers. */
    public List<Long> processes() {
        Command.Outcome outcome = runc("ps", "--format", "json", id);
        List<Long> pids = new ArrayList<>();
        if (outcome.exit() == 0) {
            Json.read(outcome.out()).forEach(pid -> pids.add(pid.asLong()));
        }
        return pids;
    }

    /** Sends a signal to its first process, and waits for its end: the exit code, 128 and the signal's number if that ended it. */
    public int end(String signal) {
        runc("kill", id, signal).succeeded();
        Process running = process;
        if (running == null) {
            throw new IllegalStateException(id + " was not started");
        }
        Await.until(id + " ends", () -> !running.isAlive(), this::log);
        process = null;
        return running.exitValue();
    }

    @Override
    public void close() {
        Process running = process;
        if (running != null && running.isAlive()) {
            end("KILL");
        }
        runc("delete", "--force", id);
    }
}
