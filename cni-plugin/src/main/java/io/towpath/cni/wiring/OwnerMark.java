package io.towpath.cni.wiring;

import org.jspecify.annotations.Nullable;

/**
 * The alias (IFLA_IFALIAS) by which the host's end of a pod's link tells whose it is: {@code
 * towpath/<network>/<container ID>/<interface>}. The name of a link only tells the pod, and a pod that is recreated under its
 * name, as a StatefulSet does, gets another container: the old one's DEL, which may come late, must know the difference.
 *
 * @param alias the text of the alias, at most 255 bytes, which is what the kernel takes
 */
public record OwnerMark(String alias) {
    private static final String PREFIX = "towpath/";
    private static final String HASHED = "sha1:";

    // 8 + 100 + 1 + 100 + 1 + 15 bytes for the longest parts.
    private static final int PART_MAX = 100;

    /** The mark of an attachment. */
    public static OwnerMark of(String network, String containerId, String ifName) {
        return new OwnerMark(networkPrefix(network) + part(containerId) + '/' + ifName);
    }

    /** What all marks of a network begin with. */
    public static String networkPrefix(String network) {
        return PREFIX + part(network) + '/';
    }

    /** Whether an alias is a mark, of whatever network. */
    public static boolean isMark(String alias) {
        return alias.startsWith(PREFIX);
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

    private static String part(String text) {
        return text.length() <= PART_MAX ? text : HASHED + Sha1.hex(text);
    }

    @Override
    public String toString() {
        return alias;
    }
}
