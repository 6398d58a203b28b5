package io.towpath.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The shipped Kubernetes manifest. */
public final class Manifest {
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    private Manifest() {}

    /** Where it lies. */
    public static Path file() {
        return Path.of(System.getProperty("towpath.manifest", "../../conf/kubernetes/towpath.yaml"));
    }

    /** Its documents. */
    public static List<JsonNode> documents() {
        try {
            return YAML.readerFor(JsonNode.class)
                    .<JsonNode>readValues(file().toFile())
                    .readAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The documents of a text. */
    public static List<JsonNode> documents(String yaml) {
        try {
            return YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml).readAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The only document of a kind. */
    public static JsonNode ofKind(String kind) {
        List<JsonNode> found = documents().stream()
                .filter(document -> document.path("kind").asText().equals(kind))
                .toList();
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " documents of kind " + kind);
        }
        return found.getFirst();
    }

    /** The specification of the pods. */
    public static JsonNode pod() {
        return ofKind("DaemonSet").at("/spec/template/spec");
    }

    /** A container of the pods. */
    public static JsonNode container(String name) {
        for (JsonNode container : pod().path("containers")) {
            if (container.path("name").asText().equals(name)) {
                return container;
            }
        }
        throw new AssertionError("no container " + name);
    }

    /** How many bytes a container may have. */
    public static long memoryLimit(JsonNode container) {
        String limit = container.at("/resources/limits/memory").asText();
        if (!limit.matches("\\d{1,6}Mi")) {
            throw new AssertionError("a limit in Mi is wanted: \"" + limit + "\"");
        }
        return Long.parseLong(limit.substring(0, limit.length() - 2)) << 20;
    }

    /** The capabilities of the agent's container as setpriv(1) names them. */
    public static List<String> agentCapabilities() {
        List<String> names = new ArrayList<>();
        container("agent")
                .at("/securityContext/capabilities/add")
                .forEach(name -> names.add(name.asText().toLowerCase(Locale.ROOT)));
        return names;
    }
}
