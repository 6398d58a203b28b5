package io.towpath.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/** flannel's {@code net-conf.json}, which both kinds of agent read. */
public final class FlannelConf {
    private FlannelConf() {}

    /**
     * Writes that of a node, with the families that it has slices of.
     *
     * @param backend what the backend has besides its type, a JSON object; apostrophes may stand for quotation marks
     */
    public static Path write(Node node, String backend) {
        // flanneld alone looks at the mode; of the other it wants a module of the kernel.
        ObjectNode conf = Json.object("{'EnableNFTables': true}");
        for (String slice : node.slices()) {
            if (slice.contains(":")) {
                conf.put("EnableIPv6", true).put("IPv6Network", "fd00:10:244::/56");
            } else {
                conf.put("Network", "10.244.0.0/16");
            }
        }
        if (!conf.has("Network")) {
            conf.put("EnableIPv4", false);
        }
        conf.set("Backend", Json.object("{'Type': 'vxlan'}").setAll(Json.object(backend)));
        Path file = node.folder().resolve("net-conf.json");
        Json.write(file, conf);
        return file;
    }
}
