package io.towpath.overlay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.towpath.overlay.Cluster.Node;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** Writes a cluster file that says what a cluster is: no tree of it, as there may be thousands of nodes. */
public final class ClusterFileWriter {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final int BYTES_PER_NODE = 128;

    private final JsonGenerator json;

    private ClusterFileWriter(JsonGenerator json) {
        this.json = json;
    }

    /** The content of the file. */
    public static byte[] write(Cluster cluster) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(
                1024 + BYTES_PER_NODE * cluster.nodes().size());
        try (JsonGenerator json = FACTORY.createGenerator(out)) {
            new ClusterFileWriter(json).cluster(cluster);
            json.writeRaw('\n');
        } catch (IOException e) {
            throw new UncheckedIOException(e); // Nothing that is written to memory fails.
        }
        return out.toByteArray();
    }

    private void cluster(Cluster cluster) throws IOException {
        json.writeStartObject();
        texts("network", cluster.networks());
        if (cluster.node() != null) {
            json.writeStringField("node", cluster.node());
        }
        UnderlayChoice underlay = cluster.underlay();
        if (underlay.interfaces().size() == 1) {
            json.writeStringField("interface", underlay.interfaces().getFirst());
        } else {
            texts("interface", underlay.interfaces());
        }
        texts("interfaceRegex", underlay.regexes());
        texts("interfaceCidr", underlay.cidrs());
        json.writeNumberField("vni", cluster.vni());
        json.writeNumberField("port", cluster.port());
        if (cluster.mtu() != 0) {
            json.writeNumberField("mtu", cluster.mtu());
        }
        json.writeBooleanField("learning", cluster.learning());
        json.writeBooleanField("gbp", cluster.gbp());
        json.writeBooleanField("directRouting", cluster.directRouting());
        json.writeArrayFieldStart("nodes");
        for (Node node : cluster.nodes()) {
            node(node);
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void node(Node node) throws IOException {
        json.writeStartObject();
        json.writeStringField("name", node.name());
        texts("slices", node.slices());
        texts("addresses", node.addresses());
        if (node.mac() != null) {
            json.writeStringField("mac", node.mac().toString());
        }
        if (node.macV6() != null) {
            json.writeStringField("macV6", node.macV6().toString());
        }
        texts("sources", node.sources());
        json.writeEndObject();
    }

    /** An array of what values are as text; nothing if there are none. */
    private void texts(String key, List<?> values) throws IOException {
        if (!values.isEmpty()) {
            json.writeArrayFieldStart(key);
            for (Object value : values) {
                json.writeString(value.toString());
            }
            json.writeEndArray();
        }
    }
}
