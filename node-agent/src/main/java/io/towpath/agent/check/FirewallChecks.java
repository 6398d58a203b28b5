package io.towpath.agent.check;

import io.towpath.agent.firewall.Fate;
import io.towpath.agent.firewall.Packet;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.rtnl.Link;
import io.towpath.overlay.Cluster;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What nftables of others do to packets of the overlay and of pods, and what they may. */
final class FirewallChecks {
    private static final String UNKNOWN = "not known, as nftables cannot be asked";
    private static final String SEE = "see the check nftables";

    /** A name that a pod's interface could have. */
    private static final String ANY_POD = Checks.POD_LINK + "0123456789a";

    private final Picture picture;
    private final int port;

    FirewallChecks(Picture picture) {
        this.picture = picture;
        Cluster cluster = picture.cluster();
        port = cluster == null ? Cluster.DEFAULT_PORT : cluster.port();
    }

    Finding nftables() {
        String problem = picture.nftablesProblem();
        if (problem == null) {
            return Finding.ok("nftables", "answers");
        }
        return problem.equals(Picture.DENIED)
                ? Finding.warn("nftables", problem, "run this as root")
                : Finding.fail("nftables", problem, "use a kernel with CONFIG_NF_TABLES (modprobe nf_tables)");
    }

    /** Whether policies can be enforced. */
    Finding policies() {
        if (picture.nftablesProblem() != null) {
            return Finding.warn("policies", UNKNOWN, SEE);
        }
        String problem = picture.policiesProblem();
        return problem == null
                ? Finding.ok("policies", "the kernel takes the table by which they are enforced")
                : Finding.fail(
                        "policies",
                        "kernel " + picture.kernelRelease() + " refuses the table by which they are enforced: "
                                + problem,
                        "use Linux 5.10 or a later one, with nft_log, nft_limit, nft_fib_inet and nft_ct, or switch policies"
                                + " off");
    }

    /** What somebody wants to let pass. */
    private enum Wanted {
        OVERLAY,
        SENT,
        FORWARDED,
        TO_NODE
    }

    Finding port() {
        String check = "port";
        List<Packet> come = new ArrayList<>();
        List<Packet> go = new ArrayList<>();
        for (boolean ipv6 : families()) {
            come.add(Packet.toNode(
                    "the overlay's packets to UDP port " + port, underlay(), peer(ipv6), own(ipv6), Packet.UDP, port));
            go.add(Packet.fromNode(
                    "the overlay's packets to UDP port " + port + " of other nodes",
                    underlay(),
                    own(ipv6),
                    peer(ipv6),
                    Packet.UDP,
                    port));
        }
        Finding coming = look(check, come, Wanted.OVERLAY, Finding.Verdict.FAIL);
        Finding going = look(check, go, Wanted.SENT, Finding.Verdict.FAIL);
        return going.verdict().compareTo(coming.verdict()) > 0 ? going : coming;
    }

    Finding forward() {
        List<Packet> packets = new ArrayList<>();
        for (boolean ipv6 : families()) {
            IpPrefix here = slice(ipv6, true);
            IpPrefix there = slice(ipv6, false);
            String overlay = overlay(ipv6);
            packets.add(Packet.forwarded("packets from pods to other nodes", pod(), overlay, here, there));
            packets.add(Packet.forwarded("packets from other nodes to pods", overlay, pod(), there, here));
            packets.add(Packet.forwarded("packets from pods to the outside", pod(), underlay(), here, outside(ipv6)));
        }
        return look("forward", packets, Wanted.FORWARDED, Finding.Verdict.FAIL);
    }

    Finding toNode() {
        List<Packet> packets = new ArrayList<>();
        for (boolean ipv6 : families()) {
            packets.add(Packet.toNode(
                    "packets from pods to this node",
                    pod(),
                    slice(ipv6, true),
                    own(ipv6),
                    Packet.TCP,
                    Packet.ANY_PORT));
        }
        return look("pod-to-node", packets, Wanted.TO_NODE, Finding.Verdict.WARN);
    }

    private Finding look(String check, List<Packet> packets, Wanted wanted, Finding.Verdict verdict) {
        if (picture.nftablesProblem() != null) {
            return Finding.warn(check, UNKNOWN, SEE);
        }
        Finding perhaps = null;
        for (Packet packet : packets) {
            Fate fate = picture.firewall().of(packet);
            if (fate == null) {
                continue;
            }
            boolean ipv6 = packet.from().address().ipv6();
            String mend = mend(fate, wanted, ipv6);
            String found = of(fate)
                    + (fate.isSure() ? " " : " perhaps ")
                    + (fate.isReject() ? "rejects " : "drops ")
                    + packet.name()
                    + (ipv6 ? " (IPv6)" : "")
                    + (fate.byPolicy() ? ", as it does whatever no rule accepts" : "")
                    + (fate.isSure() ? "" : "; whether a rule accepts them before cannot be told");
            if (fate.isSure()) {
                return new Finding(check, verdict, found, mend);
            }
            perhaps = perhaps == null ? Finding.warn(check, found, mend) : perhaps;
        }
        return perhaps == null
                ? Finding.ok(
                        check, "nftables of others let pass " + names(packets) + "; firewalls elsewhere are not seen")
                : perhaps;
    }

    private static String names(List<Packet> packets) {
        return String.join(", ", packets.stream().map(Packet::name).distinct().toList());
    }

    private String of(Fate fate) {
        String chain = "nftables chain " + fate.place();
        return switch (picture.firewall().keeper(fate.chain())) {
            case FIREWALLD -> "firewalld (" + chain + ")";
            case UFW -> "ufw (" + chain + ")";
            case IPTABLES -> "iptables (" + chain + ")";
            case NFTABLES -> chain;
        };
    }

    private String mend(Fate fate, Wanted wanted, boolean ipv6) {
        IpPrefix network = network(ipv6);
        return switch (picture.firewall().keeper(fate.chain())) {
            case FIREWALLD ->
                wanted == Wanted.OVERLAY || wanted == Wanted.SENT
                        ? "firewall-cmd --permanent --add-port=" + port + "/udp && firewall-cmd --reload"
                                + " (with --zone, if " + underlay() + " is not in the default zone)"
                        : "firewall-cmd --permanent --zone=trusted --add-source=" + network
                                + " && firewall-cmd --reload";
            case UFW ->
                switch (wanted) {
                    case OVERLAY -> "ufw allow " + port + "/udp";
                    case SENT -> "ufw allow out " + port + "/udp";
                    case FORWARDED -> "ufw route allow from " + network + " && ufw route allow to " + network;
                    case TO_NODE -> "ufw allow from " + network;
                };
            case IPTABLES -> iptables(fate.chain(), wanted, network);
            case NFTABLES ->
                commands("nft insert rule " + fate.place(), wanted, network, "accept", ipv6 ? "ip6 " : "ip ")
                        + ", and where the rules are kept (/etc/nftables.conf)";
        };
    }

    private String iptables(Chain chain, Wanted wanted, IpPrefix network) {
        String insert =
                (chain.table().family() == Family.IPV6 ? "ip6tables" : "iptables") + " -I " + chain.name() + " ";
        String kept = ", and where the rules are kept (/etc/sysconfig/iptables, /etc/iptables/rules.v4)";
        return switch (wanted) {
                    case OVERLAY, SENT -> insert + "-p udp --dport " + port + " -j ACCEPT";
                    case FORWARDED ->
                        insert + "-s " + network + " -j ACCEPT && " + insert + "-d " + network + " -j ACCEPT";
                    case TO_NODE -> insert + "-s " + network + " -j ACCEPT";
                }
                + kept;
    }

    private String commands(String insert, Wanted wanted, IpPrefix network, String verdict, String family) {
        String from = insert + " " + family + "saddr " + network + " " + verdict;
        return switch (wanted) {
            case OVERLAY, SENT -> insert + " udp dport " + port + " " + verdict;
            case FORWARDED -> from + " && " + insert + " " + family + "daddr " + network + " " + verdict;
            case TO_NODE -> from;
        };
    }

    private List<Boolean> families() {
        Cluster cluster = picture.cluster();
        if (cluster == null) {
            return List.of(false);
        }
        List<Boolean> families = new ArrayList<>();
        for (boolean ipv6 : new boolean[] {false, true}) {
            if (cluster.network(ipv6) != null) {
                families.add(ipv6);
            }
        }
        return families;
    }

    private static IpPrefix outside(boolean ipv6) {
        return ipv6 ? IpPrefix.parse("::/0") : IpPrefix.parse("0.0.0.0/0");
    }

    private IpPrefix network(boolean ipv6) {
        Cluster cluster = picture.cluster();
        IpPrefix network = cluster == null ? null : cluster.network(ipv6);
        return network == null ? outside(ipv6) : network;
    }

    /** This node's slice, or another node's; the pods' network if there is none. */
    private IpPrefix slice(boolean ipv6, boolean ofSelf) {
        Cluster cluster = picture.cluster();
        IpPrefix found = null;
        if (cluster != null) {
            for (Cluster.Node node : cluster.nodes()) {
                if (found == null && Objects.equals(node.name(), cluster.node()) == ofSelf) {
                    found = node.slice(ipv6);
                }
            }
        }
        return found == null ? network(ipv6) : found;
    }

    /** An address of another node, else any. */
    private IpPrefix peer(boolean ipv6) {
        return address(ipv6, false);
    }

    private IpPrefix own(boolean ipv6) {
        return address(ipv6, true);
    }

    private IpPrefix address(boolean ipv6, boolean ofSelf) {
        Cluster cluster = picture.cluster();
        if (cluster != null) {
            for (Cluster.Node node : cluster.nodes()) {
                for (IpAddress address : node.addresses()) {
                    if (address.ipv6() == ipv6 && Objects.equals(node.name(), cluster.node()) == ofSelf) {
                        return IpPrefix.host(address);
                    }
                }
            }
        }
        return outside(ipv6);
    }

    private String underlay() {
        return picture.underlays().stream().map(Link::name).findFirst().orElse("eth0");
    }

    private String overlay(boolean ipv6) {
        String prefix = ipv6 ? "flannel-v6." : "flannel.";
        return picture.overlayDevices().stream()
                .map(Link::name)
                .filter(name -> name.startsWith(prefix))
                .findFirst()
                .orElse(prefix + "1");
    }

    private String pod() {
        return picture.links().stream()
                .map(Link::name)
                .filter(name -> name.startsWith(Checks.POD_LINK))
                .findFirst()
                .orElse(ANY_POD);
    }
}
