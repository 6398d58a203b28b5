package io.towpath.lab.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.TreeSet;

/** All that a network can leave on a node: rules, links, routes, what is permanent among neighbours, settings, files, and what the API says of the node. */
record NodeTraces(Set<String> lines) {
    /** Each line begins with what it is of. Counters, numbers of links and what comes and goes by itself are left out. */
    private static final String SCRIPT = """
            of() { sed "s|^ *|$1: |"; }
            nft list tables | while read -r _ family table; do
              nft -s list table "$family" "$table" | of "nft $family $table"
            done
            iptables-legacy-save 2>/dev/null | grep '^-A' | of iptables-legacy
            ipset list -name 2>/dev/null | of ipset
            ip -br link | sed 's/@if[0-9]*//' | of link
            ip -br address | sed 's/@if[0-9]*//' | of address
            for family in -4 -6; do
              ip $family route show table all | of "route $family"
              ip $family rule | of "rule $family"
              ip $family neighbour show nud permanent | of "neighbour $family"
            done
            bridge fdb show | grep permanent | of fdb
            tc qdisc show | sed 's/ dev / /; s/ refcnt .*//' | of qdisc
            sysctl -a --pattern '^net[.](ipv[46][.](conf|neigh|ip_forward)|core[.])' 2>/dev/null | of sysctl
            find /etc/cni /opt/cni /var/lib/cni /var/lib/towpath /run/towpath /run/flannel ! -type d -print 2>/dev/null | of file
            """;

    /** A node's as it is now. */
    static NodeTraces of(KubeCluster cluster, KubeNode node) {
        Set<String> lines = new TreeSet<>();
        node.inside("bash", "-c", SCRIPT).run().succeeded().out().lines().forEach(lines::add);
        JsonNode object = cluster.get("node", node.name());
        for (String field : Set.of("annotations", "labels")) {
            object.at("/metadata/" + field)
                    .properties()
                    .forEach(each -> lines.add(field + ": " + each.getKey() + "=" + each.getValue()));
        }
        for (JsonNode condition : object.at("/status/conditions")) {
            lines.add("condition: " + condition.path("type").asText());
        }
        return new NodeTraces(lines);
    }

    /** What was there before and is not now, and the other way round; without lines that a regular expression finds something in. */
    Set<String> changesSince(NodeTraces before, String expected) {
        Set<String> changes = new TreeSet<>();
        for (String line : lines) {
            if (!before.lines.contains(line)) {
                changes.add("+ " + line);
            }
        }
        for (String line : before.lines) {
            if (!lines.contains(line)) {
                changes.add("- " + line);
            }
        }
        java.util.regex.Pattern pattern = java.util.regex.Pattern.compile(expected);
        changes.removeIf(line -> pattern.matcher(line).find());
        return changes;
    }
}
