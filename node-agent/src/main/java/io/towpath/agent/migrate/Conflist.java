package io.towpath.agent.migrate;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.ipam.HostLocal;
import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A network configuration of the runtime's.
 *
 * @param file its name in the folder
 * @param json what it says
 * @param text the same to the letter
 */
record Conflist(String file, JsonNode json, String text) {
    private static final int LIMIT = 1 << 20;
    private static final int MODE = 0x180; // 0600, as calico's is
    private static final int FOLDER_MODE = 0x1c0; // 0700
    private static final JsonMapper MAPPER = new JsonMapper();

    /** All of a folder, in the order in which a runtime looks at them; those that cannot be read say nothing. None without a folder. */
    static List<Conflist> in(String folder) throws LinuxException {
        List<Conflist> found = new ArrayList<>();
        for (String name : names(folder)) {
            Conflist conflist = read(folder, name);
            if (conflist != null) {
                found.add(conflist);
            }
        }
        return found;
    }

    private static List<String> names(String folder) throws LinuxException {
        try {
            return Linux.list(folder).stream()
                    .filter(name -> name.endsWith(".conf") || name.endsWith(".conflist") || name.endsWith(".json"))
                    .sorted()
                    .toList();
        } catch (LinuxException e) {
            if (e.is(Errno.ENOENT)) {
                return List.of();
            }
            throw e;
        }
    }

    /** One of a folder, null if there is none of the name, or it is no JSON. */
    static @Nullable Conflist read(String folder, String name) throws LinuxException {
        byte[] content = Linux.readFile(folder + "/" + name, LIMIT);
        if (content == null) {
            return null;
        }
        String text = new String(content, StandardCharsets.UTF_8);
        try {
            return new Conflist(name, MAPPER.readTree(text), text);
        } catch (JsonProcessingException _) {
            return null; // what no runtime can use
        }
    }

    String network() {
        return json.path("name").asText();
    }

    /** Whether it has one of these plugins. */
    boolean hasAny(Set<String> plugins) {
        if (plugins.contains(json.path("type").asText())) {
            return true;
        }
        for (JsonNode plugin : json.path("plugins")) {
            if (plugins.contains(plugin.path("type").asText())) {
                return true;
            }
        }
        return false;
    }

    /** The leases of its network. */
    HostLocal leases(Places places) {
        return HostLocal.of(dataDir(places), network());
    }

    /** The folder that has a folder of leases for each network. */
    String dataDir(Places places) {
        for (JsonNode plugin : json.path("plugins")) {
            for (JsonNode ipam :
                    List.of(plugin.path("ipam"), plugin.path("delegate").path("ipam"))) {
                String dataDir = ipam.path("dataDir").asText();
                if (dataDir.startsWith("/")) {
                    return dataDir;
                }
            }
        }
        return places.leases();
    }

    /** Puts it into a folder, written there: a runtime does not notice a file that is moved in from another folder. */
    void place(String folder) throws LinuxException {
        Linux.makeDirectories(folder, FOLDER_MODE);
        Linux.place(folder, file, text.getBytes(StandardCharsets.UTF_8), MODE);
    }

    /** Takes it out of one folder into another. */
    void move(String from, String to) throws LinuxException {
        place(to);
        Linux.unlink(from + "/" + file);
        Linux.syncDirectory(from);
    }
}
