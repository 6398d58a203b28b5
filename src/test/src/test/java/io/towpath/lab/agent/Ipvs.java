package io.towpath.lab.agent;

import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import io.towpath.lab.Node;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Services on a node as kube-proxy makes them in mode ipvs: virtual servers of the kernel, their addresses on a link, and its rules and sets. */
final class Ipvs {
    private static final String LINK = "kube-ipvs0";
    private static final List<String> PROTOCOLS = List.of("tcp", "udp");

    /** What is masqueraded: Services asked by others than pods, node ports, and pods that reach themselves. */
    private static final String RULES = """
            *nat
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-NODE-PORT - [0:0]
            :KUBE-POSTROUTING - [0:0]
            :KUBE-SERVICES - [0:0]
            -A PREROUTING -j KUBE-SERVICES
            -A OUTPUT -j KUBE-SERVICES
            -A POSTROUTING -j KUBE-POSTROUTING
            -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
            -A KUBE-NODE-PORT -p tcp -m set --match-set %1$sNODE-PORT-TCP dst -j KUBE-MARK-MASQ
            -A KUBE-NODE-PORT -p udp -m set --match-set %1$sNODE-PORT-UDP dst -j KUBE-MARK-MASQ
            -A KUBE-SERVICES ! -s %2$s -m set --match-set %1$sCLUSTER-IP dst,dst -j KUBE-MARK-MASQ
            -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
            -A KUBE-SERVICES -m set --match-set %1$sCLUSTER-IP dst,dst -j ACCEPT
            -A KUBE-POSTROUTING -m set --match-set %1$sLOOP-BACK dst,dst,src -j MASQUERADE
            -A KUBE-POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE --random-fully
            COMMIT
            *filter
            :KUBE-FORWARD - [0:0]
            :KUBE-IPVS-FILTER - [0:0]
            -A FORWARD -j KUBE-FORWARD
            -A INPUT -j KUBE-IPVS-FILTER
            -A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
            -A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            -A KUBE-IPVS-FILTER -m set --match-set %1$sCLUSTER-IP dst,dst -j RETURN
            -A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set %1$sIPVS-IPS dst -j REJECT
            COMMIT
            """;

    private final Node node;
    private final Namespace at;

    /** Without a Service yet. */
    Ipvs(Node node) {
        this.node = node;
        at = node.namespace();
        conntrack(true);
        at.sysctl("net/ipv4/vs/expire_nodest_conn", "1");
        at.sysctl("net/ipv4/vs/expire_quiescent_template", "1");
        at.ip("link add " + LINK + " type dummy");
        run("iptables-restore", sets(false), RULES.formatted("KUBE-", "10.244.0.0/16"));
        run("ip6tables-restore", sets(true), RULES.formatted("KUBE-6-", "fd00:10:244::/56"));
    }

    /** Whether this machine's kernel has it. */
    static boolean isThere() {
        return Files.exists(Path.of("/proc/net/ip_vs"));
    }

    /** Whether it shows its packets to conntrack. */
    void conntrack(boolean is) {
        at.sysctl("net/ipv4/vs/conntrack", is ? "1" : "0");
    }

    private static String prefix(boolean ipv6) {
        return ipv6 ? "KUBE-6-" : "KUBE-";
    }

    private static String sets(boolean ipv6) {
        String family = ipv6 ? " family inet6" : "";
        return """
                create %1$sCLUSTER-IP hash:ip,port%2$s
                create %1$sLOOP-BACK hash:ip,port,ip%2$s
                create %1$sIPVS-IPS hash:ip%2$s
                create %1$sNODE-PORT-TCP bitmap:port range 0-65535
                create %1$sNODE-PORT-UDP bitmap:port range 0-65535
                """.formatted(prefix(ipv6), family);
    }

    private void run(String restore, String sets, String rules) {
        feed(sets, "ipset", "restore");
        feed(rules, restore, "--noflush");
    }

    private void feed(String text, String... words) {
        at.inside(Command.of(words).stdin(text.getBytes(StandardCharsets.UTF_8)))
                .run()
                .succeeded();
    }

    /**
     * Makes a Service of TCP and UDP.
     *
     * @param address its cluster address
     * @param nodePort the port of the node's address of its family that leads to it, too
     * @param endpoint the address that it leads to
     */
    void service(String address, int port, int nodePort, String endpoint, int endpointPort) {
        boolean ipv6 = address.contains(":");
        String prefix = prefix(ipv6);
        at.ip("address add " + address + (ipv6 ? "/128" : "/32") + " dev " + LINK);
        List<String> sets = new ArrayList<>();
        List<String> servers = new ArrayList<>();
        sets.add("add " + prefix + "IPVS-IPS " + address);
        for (String protocol : PROTOCOLS) {
            sets.add("add " + prefix + "CLUSTER-IP " + address + "," + protocol + ":" + port);
            sets.add("add " + prefix + "LOOP-BACK " + endpoint + "," + protocol + ":" + endpointPort + "," + endpoint);
            sets.add("add " + prefix + "NODE-PORT-" + protocol.toUpperCase(java.util.Locale.ROOT) + " " + nodePort);
            for (String own :
                    List.of(place(address, port), place(node.addresses().get(ipv6 ? 1 : 0), nodePort))) {
                String server = (protocol.equals("tcp") ? "-t " : "-u ") + own;
                servers.add("-A " + server + " -s rr");
                servers.add("-a " + server + " -r " + place(endpoint, endpointPort) + " -m");
            }
        }
        feed(String.join("\n", sets) + "\n", "ipset", "-exist", "restore");
        feed(String.join("\n", servers) + "\n", "ipvsadm", "-R");
    }

    private static String place(String address, int port) {
        return (address.contains(":") ? "[" + address + "]" : address) + ":" + port;
    }
}
