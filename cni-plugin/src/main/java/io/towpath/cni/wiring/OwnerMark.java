package io.towpath.cni.wiring;

import org.jspecify.annotations.Nullable;

/**
 * By what the kernel's objects tell whose they are: {@code towpath/<network>/<container ID>/<interface>}. It is the alias
 * (IFLA_IFALIAS) of the host's end of a pod's link, and the comment of the pod's elements in nftables. The name of a link only tells
 * the pod, and a pod that is recreated under its name, as a StatefulSet does, gets another container: the old one's DEL, which may
 * come late, must know the difference.
 *
 * @param alias the text of the mark, at most 128 bytes, which is what {@code nft} takes as a comment; what a link's alias may have
 *     behind it is taken off
 */
public record OwnerMark(String alias) {
    private static final String PREFIX = "towpath/";
    private static final String HASHED = "sha1:";

    /** What an alias has behind the mark if the node's ports may lead to the pod. No interface's name has a space in it. */
    private static final String PORTS = " ports";

    // 8 + 39 + 1 + 64 + 1 + 15 bytes for the longest parts.
    private static final int NETWORK_MAX = 39;
    private static final int CONTAINER_MAX = 64;

    public OwnerMark {
        alias = hasPorts(alias) ? alias.substring(0, alias.length() - PORTS.length()) : alias;
    }

    /** The mark of an attachment. */
    public static OwnerMark of(String network, String containerId, String ifName) {
        return new OwnerMark(networkPrefix(network) + part(containerId, CONTAINER_MAX) + '/' + ifName);
    }

    /** What all marks of a network begin with. */
    public static String networkPrefix(String network) {
        return PREFIX + part(network, NETWORK_MAX) + '/';
    }

    /** Whether an alias is a mark, of whatever network. */
    public static boolean isMark(String alias) {
        return alias.startsWith(PREFIX);
    }

    /** Whether the alias of a link tells that the node's ports may lead to its pod. */
    public static boolean hasPorts(String alias) {
        return alias.endsWith(PORTS);
    }

    /** The alias of a link whose pod the node's ports may lead to. */
    public String aliasWithPorts() {
        return alias + PORTS;
    }

    /** The container's ID; null if it is too long to be found in a mark. */
    public @Nullable String containerId() {
        int end = alias.lastIndexOf('/');
        String part = alias.substring(alias.lastIndexOf('/', end - 1) + 1, end);
        return part.startsWith(HASHED) ? null : part;
    }

    /** The name of the interface in the container. */
    public String ifName() {
        return alias.substring(alias.lastIndexOf('/') + 1);
    }

    private static String part(String text, int max) {
        if (text.length() <= max) {
            return text;
        }
        String hashed = HASHED + Sha1.hex(text);
        return hashed.substring(0, Math.min(hashed.length(), max));
    }

    @Override
    public String toString() {
        return alias;
    }
}
