package io.towpath.overlay;

/** A family of addresses. */
public enum Family {
    IPV4("IPv4"),
    IPV6("IPv6");

    private final String text;

    Family(String text) {
        this.text = text;
    }

    /** The family. */
    public static Family of(boolean ipv6) {
        return ipv6 ? IPV6 : IPV4;
    }

    /** Whether it is IPv6. */
    public boolean isIpv6() {
        return this == IPV6;
    }

    @Override
    public String toString() {
        return text;
    }
}
