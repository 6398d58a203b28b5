package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Json;
import io.towpath.lab.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** What Towpath's agents have asked of the API, as its server wrote it down, beside what the shipped role lets them. */
final class AuditLog {
    private final Set<String> asked = new TreeSet<>();
    private final Set<String> refused = new TreeSet<>();

    AuditLog(Path file) throws IOException {
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank() || !line.endsWith("}")) {
                continue; // the last line may be under way
            }
            JsonNode event = Json.read(line);
            JsonNode object = event.path("objectRef");
            if (object.isMissingNode()) {
                continue; // discovery, which everybody may
            }
            String what = word(event.path("verb").asText(), object);
            asked.add(what);
            if (event.at("/responseStatus/code").asInt() == java.net.HttpURLConnection.HTTP_FORBIDDEN) {
                refused.add(what);
            }
        }
    }

    private static String word(String verb, JsonNode object) {
        String group = object.path("apiGroup").asText();
        String subresource = object.path("subresource").asText();
        return verb + " "
                + object.path("resource").asText()
                + (subresource.isEmpty() ? "" : "/" + subresource)
                + (group.isEmpty() ? "" : "." + group);
    }

    /** What was asked and not allowed. */
    Set<String> refused() {
        return refused;
    }

    /**
     * What the role allows and nobody asked for, but for what is asked only of a trouble that lasts: {@link Outages} has that; and of
     * Calico's kinds, which are not there. Lists are for APIs that tell none as events of a watch.
     */
    Set<String> unused() {
        Set<String> allowed = allowed();
        allowed.removeAll(asked);
        allowed.remove("create events");
        allowed.removeIf(each -> each.endsWith("projectcalico.org")
                || (each.startsWith("list ") && asked.contains(each.replaceFirst("list", "watch"))));
        return allowed;
    }

    /** What was asked and the role does not name; allowed by another role, or refused. */
    Set<String> beyond() {
        Set<String> beyond = new TreeSet<>(asked);
        beyond.removeAll(allowed());
        return beyond;
    }

    private static Set<String> allowed() {
        Set<String> allowed = new TreeSet<>();
        for (JsonNode rule : Manifest.ofKind("ClusterRole").path("rules")) {
            for (JsonNode group : rule.path("apiGroups")) {
                for (JsonNode resource : rule.path("resources")) {
                    for (JsonNode verb : rule.path("verbs")) {
                        allowed.add(verb.asText() + " " + resource.asText()
                                + (group.asText().isEmpty() ? "" : "." + group.asText()));
                    }
                }
            }
        }
        return allowed;
    }
}
