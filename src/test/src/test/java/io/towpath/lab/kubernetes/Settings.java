package io.towpath.lab.kubernetes;

/**
 * What a cluster is like.
 *
 * @param ipv4 whether pods, nodes and Services have IPv4
 * @param ipv6 whether they have IPv6; with both, IPv4 comes first
 */
record Settings(boolean ipv4, boolean ipv6) {
    /** IPv4 alone. */
    static final Settings IPV4 = new Settings(true, false);
    /** IPv6 alone. */
    static final Settings IPV6 = new Settings(false, true);
    /** Both families. */
    static final Settings DUAL = new Settings(true, true);

    /** The families, in a few words. */
    String name() {
        return ipv4 && ipv6 ? "both families" : ipv4 ? "IPv4" : "IPv6";
    }

    /** The parts that this cluster's families have of something, separated by commas. */
    String families(String v4, String v6) {
        return ipv4 && ipv6 ? v4 + "," + v6 : ipv4 ? v4 : v6;
    }

    /** The pods' network. */
    String podCidr() {
        return families("10.244.0.0/16", "fd00:10:244::/56");
    }

    /** Services' addresses. */
    String serviceCidr() {
        return families("10.96.0.0/16", "fd00:10:96::/112");
    }

    /** The address of the cluster's DNS. */
    String dns() {
        return ipv4 ? "10.96.0.10" : "fd00:10:96::a";
    }

    /** An address of the first family, with the number as its end. */
    String underlay(int number) {
        return ipv4 ? "192.168.60." + number : "fd60::" + number;
    }

    /** An address, as it stands before a port. */
    static String inUrl(String address) {
        return address.contains(":") ? "[" + address + "]" : address;
    }
}
