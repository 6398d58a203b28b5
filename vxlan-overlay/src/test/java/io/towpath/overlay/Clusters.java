package io.towpath.overlay;

import java.nio.charset.StandardCharsets;

/** Clusters to test with: node i (from 1) has the slice 10.(64+i/256).(i%256).0/24 and the address 192.168.(i/256).(i%256). */
final class Clusters {
    private Clusters() {}

    static String json(int nodes, boolean ipv6, String more) {
        StringBuilder json = new StringBuilder("{\"network\":[\"10.64.0.0/10\"");
        json.append(ipv6 ? ",\"fd00:a::/32\"" : "")
                .append("],\"node\":\"n1\",")
                .append(more)
                .append("\"nodes\":[");
        for (int i = 1; i <= nodes; i++) {
            String hex = Integer.toHexString(i);
            json.append(i == 1 ? "" : ",\n");
            json.append("{\"name\":\"n")
                    .append(i)
                    .append("\",\"slices\":[\"")
                    .append(slice(i))
                    .append('"');
            json.append(ipv6 ? ",\"fd00:a:" + hex + "::/64\"" : "")
                    .append("],\"addresses\":[\"")
                    .append(address(i));
            json.append(ipv6 ? "\",\"fd00::" + hex : "").append("\"]}");
        }
        return json.append("]}").toString();
    }

    static Cluster of(int nodes, boolean ipv6) throws ClusterFileException {
        return parse(json(nodes, ipv6, ""));
    }

    static Cluster parse(String json) throws ClusterFileException {
        return ClusterFile.parse("test", json.getBytes(StandardCharsets.UTF_8));
    }

    static String slice(int node) {
        return "10." + (64 + node / 256) + "." + node % 256 + ".0/24";
    }

    static String address(int node) {
        return "192.168." + node / 256 + "." + node % 256;
    }
}
