package io.towpath.overlay;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.overlay.Cluster.Node;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What must hold between the values of a cluster file. The first rule broken is told. */
final class ClusterRules {
    /** A device's name has at most 15 bytes, {@code IFNAMSIZ}; "flannel." leaves seven digits. */
    static final int MAX_VNI = 9_999_999;

    /** "flannel-v6." leaves four digits. */
    static final int MAX_VNI_WITH_IPV6 = 9_999;

    /** Every IPv4 host takes 576 bytes (RFC 791, 3.2); with the encapsulation's 50. */
    static final int MIN_UNDERLAY_MTU = 626;

    /** IPv6 needs 1280 bytes (RFC 8200, section 5); with the encapsulation's 70. */
    static final int MIN_UNDERLAY_MTU_WITH_IPV6 = 1350;

    private static final int MAX_NAME = 253;
    private static final int MAX_INTERFACE_NAME = 15;

    // Pods must not have addresses that mean something else on every host.
    private static final List<IpPrefix> UNUSABLE = List.of(
            IpPrefix.parse("0.0.0.0/8"),
            IpPrefix.parse("127.0.0.0/8"),
            IpPrefix.parse("169.254.0.0/16"),
            IpPrefix.parse("224.0.0.0/3"),
            IpPrefix.parse("::/128"),
            IpPrefix.parse("::1/128"),
            IpPrefix.parse("fe80::/10"),
            IpPrefix.parse("ff00::/8"));

    private final String file;
    private final Cluster cluster;

    ClusterRules(String file, Cluster cluster) {
        this.file = file;
        this.cluster = cluster;
    }

    /** @param live whether it was a live cluster, in which nodes may share an address */
    void check(boolean live) throws ClusterFileException {
        checkCommon();
        for (int i = 0; i < cluster.nodes().size(); i++) {
            checkNode("nodes[" + i + "]", cluster.nodes().get(i));
            if (!live) {
                checkSources("nodes[" + i + "].sources", cluster.nodes().get(i).sources());
            }
        }
        checkDistinct(live);
        checkOverlaps();
        String node = cluster.node();
        if (node != null && cluster.node(node) == null) {
            throw wrong(
                    "node",
                    ClusterFileException.quoted(node) + " is not in nodes; add it there or write one of "
                            + someNames(cluster));
        }
    }

    /** Checks what does not depend on the nodes. */
    void checkCommon() throws ClusterFileException {
        checkNetworks();
        checkUnderlay();
        checkIpv6Limits();
    }

    /** A few of the nodes' names, for a message. */
    static String someNames(Cluster cluster) {
        StringBuilder names = new StringBuilder();
        for (Node node : cluster.nodes()) {
            if (names.length() > 60) {
                return names.append(", ...").toString();
            }
            names.append(names.isEmpty() ? "" : ", ").append(node.name());
        }
        return names.toString();
    }

    private void checkNetworks() throws ClusterFileException {
        checkFamilies("network", cluster.networks());
        for (int i = 0; i < cluster.networks().size(); i++) {
            IpPrefix network = cluster.networks().get(i);
            for (IpPrefix unusable : UNUSABLE) {
                if (network.overlaps(unusable)) {
                    throw wrong(
                            "network[" + i + "]",
                            quoted(network) + " overlaps " + unusable + ", which hosts use otherwise; choose another");
                }
            }
        }
    }

    private void checkFamilies(String key, List<IpPrefix> prefixes) throws ClusterFileException {
        int ipv6 = 0;
        for (IpPrefix prefix : prefixes) {
            ipv6 += prefix.address().ipv6() ? 1 : 0;
        }
        if (ipv6 > 1 || prefixes.size() - ipv6 > 1) {
            throw wrong(key, "has " + prefixes.size() + " prefixes; write at most one of IPv4 and one of IPv6");
        }
    }

    private void checkUnderlay() throws ClusterFileException {
        UnderlayChoice choice = cluster.underlay();
        for (int i = 0; i < choice.interfaces().size(); i++) {
            String name = choice.interfaces().get(i);
            if (!isInterfaceName(name) && IpAddress.tryParse(name) == null) {
                throw wrong(
                        choice.interfaces().size() == 1 ? "interface" : "interface[" + i + "]",
                        ClusterFileException.quoted(name)
                                + " cannot be an interface's name; write one such as \"eth0\"");
            }
        }
        for (int i = 0; i < choice.regexes().size(); i++) {
            String regex = choice.regexes().get(i);
            try {
                Pattern.compile(regex);
            } catch (PatternSyntaxException e) {
                throw wrong(
                        "interfaceRegex[" + i + "]",
                        ClusterFileException.quoted(regex) + " is no regular expression: " + e.getDescription()
                                + "; write one such as \"eth.*\"");
            }
        }
    }

    private static boolean isInterfaceName(String name) {
        boolean fits =
                !name.isEmpty() && name.length() <= MAX_INTERFACE_NAME && !name.equals(".") && !name.equals("..");
        for (int i = 0; i < name.length() && fits; i++) {
            char c = name.charAt(i);
            fits = c > ' ' && c < 0x7f && c != '/' && c != ':';
        }
        return fits;
    }

    /** Checks what of a node does not depend on the other nodes. */
    void checkNode(String key, Node node) throws ClusterFileException {
        if (!isName(node.name())) {
            throw wrong(
                    key + ".name",
                    ClusterFileException.quoted(node.name()) + " is no node name; write 1 to " + MAX_NAME
                            + " letters, digits, '-', '.' or '_', the first a letter or digit");
        }
        checkAddresses(key + ".addresses", node.addresses());
        checkFamilies(key + ".slices", node.slices());
        for (int i = 0; i < node.slices().size(); i++) {
            checkSlice(key + ".slices[" + i + "]", node, node.slices().get(i));
        }
    }

    private static boolean isName(String name) {
        boolean fits = !name.isEmpty() && name.length() <= MAX_NAME;
        for (int i = 0; i < name.length() && fits; i++) {
            char c = name.charAt(i);
            boolean alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            fits = alphanumeric || (i > 0 && (c == '-' || c == '.' || c == '_'));
        }
        return fits;
    }

    private void checkSlice(String key, Node node, IpPrefix slice) throws ClusterFileException {
        boolean ipv6 = slice.address().ipv6();
        IpPrefix network = cluster.network(ipv6);
        if (network == null) {
            throw wrong(key, quoted(slice) + " is of a family that \"network\" has no prefix of; add one there");
        }
        if (!network.contains(slice)) {
            throw wrong(
                    key,
                    quoted(slice) + " is outside the network " + network
                            + "; choose a part of that, or mend the network");
        }
        if (slice.length() > slice.address().bits() - 2) {
            throw wrong(
                    key,
                    quoted(slice) + " has no room for pods; write a length of at most "
                            + (slice.address().bits() - 2));
        }
        if (node.address(ipv6) == null && !node.name().equals(cluster.node())) {
            String family = ipv6 ? "IPv6" : "IPv4";
            throw wrong(
                    key,
                    quoted(slice) + " is of " + family + ", but node " + node.name() + " has no " + family
                            + " address to reach it by; add one to its addresses");
        }
    }

    private void checkAddresses(String key, List<IpAddress> addresses) throws ClusterFileException {
        for (int i = 0; i < addresses.size(); i++) {
            IpAddress address = addresses.get(i);
            String place = key + "[" + i + "]";
            for (int j = 0; j < i; j++) {
                if (addresses.get(j).ipv6() == address.ipv6()) {
                    throw wrong(
                            place,
                            quoted(address)
                                    + " is a second one of its family; write at most one of IPv4 and one of IPv6");
                }
            }
            checkAddress(place, address);
        }
    }

    private void checkSources(String key, List<IpAddress> sources) throws ClusterFileException {
        for (int i = 0; i < sources.size(); i++) {
            checkAddress(key + "[" + i + "]", sources.get(i));
        }
    }

    private void checkAddress(String place, IpAddress address) throws ClusterFileException {
        if (!isOfAHost(address)) {
            throw wrong(place, quoted(address) + " is no address of a host; write the one other nodes reach it by");
        }
        for (IpPrefix network : cluster.networks()) {
            if (network.contains(address)) {
                throw wrong(
                        place,
                        quoted(address) + " is inside the pods' network " + network
                                + "; write the node's own address, which tunnel packets go to");
            }
        }
    }

    /** A link-local IPv4 underlay is unusual but works; a link-local IPv6 address means nothing without a link. */
    static boolean isOfAHost(IpAddress address) {
        for (IpPrefix unusable : UNUSABLE) {
            if (unusable.contains(address) && !(unusable.length() == 16 && !address.ipv6())) {
                return false;
            }
        }
        return true;
    }

    private void checkDistinct(boolean live) throws ClusterFileException {
        Set<String> names = new HashSet<>();
        Map<IpAddress, Node> addresses = new HashMap<>();
        Map<Object, Node> macs = new HashMap<>();
        for (int i = 0; i < cluster.nodes().size(); i++) {
            Node node = cluster.nodes().get(i);
            String key = "nodes[" + i + "]";
            if (!names.add(node.name())) {
                throw wrong(key + ".name", ClusterFileException.quoted(node.name()) + " is there twice; rename one");
            }
            for (int j = 0; j < node.addresses().size(); j++) {
                IpAddress address = node.addresses().get(j);
                Node other = addresses.putIfAbsent(address, node);
                if (other != null && !live) {
                    throw wrong(
                            key + ".addresses[" + j + "]",
                            quoted(address) + " is also that of node " + other.name() + "; correct one of them");
                }
            }
            for (IpPrefix slice : node.slices()) {
                Node other = macs.putIfAbsent(
                        List.of(
                                slice.address().ipv6(),
                                node.vtepMac(slice.address().ipv6())),
                        node);
                if (other != null) {
                    throw wrong(
                            key + ".name",
                            ClusterFileException.quoted(node.name()) + " has the same MAC address as " + other.name()
                                    + "; rename one, or correct its mac");
                }
            }
        }
    }

    private record Owned(IpPrefix slice, String node, String key) {}

    private void checkOverlaps() throws ClusterFileException {
        List<Owned> all = new ArrayList<>();
        for (int i = 0; i < cluster.nodes().size(); i++) {
            Node node = cluster.nodes().get(i);
            for (int j = 0; j < node.slices().size(); j++) {
                all.add(new Owned(node.slices().get(j), node.name(), "nodes[" + i + "].slices[" + j + "]"));
            }
        }
        // Sorted by address and then length, a prefix inside another comes after it, and none that is not between them.
        all.sort(Comparator.comparing(Owned::slice));
        for (int i = 1; i < all.size(); i++) {
            Owned one = all.get(i - 1);
            Owned other = all.get(i);
            if (one.slice.overlaps(other.slice)) {
                throw wrong(
                        other.key,
                        quoted(other.slice) + " of node " + other.node + " overlaps " + one.slice + " of node "
                                + one.node + " (" + one.key + "); give each node its own");
            }
        }
    }

    private void checkIpv6Limits() throws ClusterFileException {
        if (cluster.network(true) == null) {
            return;
        }
        if (cluster.vni() > MAX_VNI_WITH_IPV6) {
            throw wrong(
                    "vni",
                    cluster.vni() + " makes the name flannel-v6." + cluster.vni()
                            + " too long for Linux; with IPv6 write at most " + MAX_VNI_WITH_IPV6);
        }
        if (cluster.mtu() != 0 && cluster.mtu() < MIN_UNDERLAY_MTU_WITH_IPV6) {
            throw wrong(
                    "mtu",
                    cluster.mtu() + " is too small for IPv6 in the tunnel; write at least "
                            + MIN_UNDERLAY_MTU_WITH_IPV6);
        }
    }

    private static String quoted(Object value) {
        return '"' + value.toString() + '"';
    }

    private ClusterFileException wrong(String key, String problem) {
        return new ClusterFileException(file, key, problem);
    }
}
