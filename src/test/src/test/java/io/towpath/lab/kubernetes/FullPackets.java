package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Packets that may not be cut into pieces, as large as both pods' links take, and one byte larger. */
final class FullPackets {
    private static final int ICMP = 8;
    private static final int IPV4 = 20 + ICMP;
    private static final int IPV6 = 40 + ICMP;
    private static final String PIECES = """
            awk '/^Ip:/ && !n {for (i = 1; i <= NF; i++) k[i] = $i; n = 1; next}
                 /^Ip:/ {for (i = 1; i <= NF; i++) if (k[i] ~ /^(FragCreates|ReasmReqds)$/) s += $i}
                 END {print s + 0}' /proc/net/snmp
            awk '$1 ~ /^Ip6(FragCreates|ReasmReqds)$/ {s += $2} END {print s + 0}' /proc/net/snmp6
            """;

    private final KubeCluster cluster;
    private final Pods pods;

    FullPackets(KubeCluster cluster) {
        this.cluster = cluster;
        pods = new Pods(cluster);
    }

    /** Sends them between all pairs that are not flannel's alone; says which sizes these were. */
    String check(MixedCluster mixed) {
        Set<Integer> sizes = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        long before = pieces();
        mixed.pairs((from, to) -> {
            for (String address : pods.addresses(MixedCluster.pod(to))) {
                sizes.add(check(MixedCluster.pod(from), MixedCluster.pod(to), address, wrong));
            }
        });
        long made = pieces() - before;
        if (made != 0) {
            wrong.add(made + " fragments");
        }
        if (!wrong.isEmpty()) {
            throw new AssertionError(String.join("\n", wrong));
        }
        return "of " + sizes + " bytes";
    }

    private int check(String from, String to, String address, List<String> wrong) {
        Namespace client = pods.namespace(from);
        int mtu = Math.min(mtu(client), mtu(pods.namespace(to)));
        Command.Outcome full = ping(client, address, mtu);
        if (full.exit() != 0) {
            wrong.add(from + " to " + to + ", " + mtu + " bytes do not arrive: " + full);
        }
        Command.Outcome larger = ping(client, address, mtu + 1);
        String said = larger.out() + larger.err();
        if (larger.exit() == 0 || !said.contains("mtu")) {
            wrong.add(from + " to " + to + ", " + (mtu + 1) + " bytes are not refused: " + larger);
        }
        return mtu;
    }

    private static int mtu(Namespace pod) {
        JsonNode link = pod.show("link", "show", "eth0").get(0);
        return link.path("mtu").asInt();
    }

    /** A second one, as a node in between says only then how large it may be. */
    private static Command.Outcome ping(Namespace client, String address, int bytes) {
        int payload = bytes - (address.contains(":") ? IPV6 : IPV4);
        return client.inside(Command.of(
                        "ping",
                        "-n",
                        "-c",
                        "2",
                        "-i",
                        "0.2",
                        "-W",
                        "2",
                        "-M",
                        "do",
                        "-s",
                        String.valueOf(payload),
                        address))
                .run();
    }

    /** How many fragments nodes have made or put together. */
    private long pieces() {
        long pieces = 0;
        for (KubeNode node : cluster.nodes()) {
            pieces += node.network()
                    .run("sh", "-c", PIECES)
                    .lines()
                    .mapToLong(Long::parseLong)
                    .sum();
        }
        return pieces;
    }
}
