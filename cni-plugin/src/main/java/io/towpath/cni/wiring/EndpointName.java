package io.towpath.cni.wiring;

import io.towpath.net.MacAddress;

/** How the host's end of a pod's link is named, and how the pod's end gets its hardware address. */
public final class EndpointName {
    /** What the name of every host end begins with: policy engines match on it. */
    public static final String PREFIX = "cali";

    /** The interface whose host end is named after the pod alone, as Calico names it. */
    private static final String PRIMARY = "eth0";

    /** What the name of the device begins with that slows down what a pod sends. */
    private static final String LIMITER_PREFIX = "ifb";

    private static final int DIGITS = 11;
    private static final int LIMITER_DIGITS = 12;

    private EndpointName() {}

    /**
     * The name of the host's end: {@code cali} and 11 hexadecimal digits, from the pod's name if that is known, since it is
     * then the name Calico gives; else from the container's ID. A pod's further interfaces get names of their own.
     *
     * @param podNamespace the pod's Kubernetes namespace, or an empty text
     * @param podName the pod's name, or an empty text
     */
    public static String hostName(String podNamespace, String podName, String containerId, String ifName) {
        // No name of a pod or container has a slash in it, so the three forms never meet.
        String identity;
        if (!isPod(podNamespace, podName)) {
            identity = "/" + containerId + "/" + ifName;
        } else if (isPrimary(ifName)) {
            identity = podNamespace + "." + podName;
        } else {
            identity = podNamespace + "." + podName + "/" + ifName;
        }
        return PREFIX + Sha1.hex(identity).substring(0, DIGITS);
    }

    /**
     * Whether the name of an attachment's host end is made from its pod's alone. False if that cannot be told.
     *
     * @param hostName as {@link #hostName} gave it
     */
    public static boolean isOfPod(String hostName, OwnerMark mark) {
        String containerId = mark.containerId();
        return isPrimary(mark.ifName())
                && containerId != null
                && !hostName.equals(hostName("", "", containerId, mark.ifName()));
    }

    /** Whether an interface is the one by which a pod is known. */
    static boolean isPrimary(String ifName) {
        return ifName.equals(PRIMARY);
    }

    /** Whether a link has a name of the form that {@link #hostName} gives. */
    public static boolean isHostName(String name) {
        return isOfForm(name, PREFIX, DIGITS);
    }

    /**
     * The name of the device that slows down what an attachment's container sends, if that is limited: {@code ifb} and 12
     * hexadecimal digits. It is the attachment's alone, so it can be removed by its name without a look.
     */
    public static String limiterName(OwnerMark mark) {
        return LIMITER_PREFIX + Sha1.hex(mark.alias()).substring(0, LIMITER_DIGITS);
    }

    /** Whether a link has a name of the form that {@link #limiterName} gives. */
    static boolean isLimiterName(String name) {
        return isOfForm(name, LIMITER_PREFIX, LIMITER_DIGITS);
    }

    private static boolean isOfForm(String name, String prefix, int digits) {
        if (name.length() != prefix.length() + digits || !name.startsWith(prefix)) {
            return false;
        }
        for (int i = prefix.length(); i < name.length(); i++) {
            char c = name.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    /** Whether the runtime told which pod it is about. */
    public static boolean isPod(String podNamespace, String podName) {
        return !podNamespace.isEmpty() && !podName.isEmpty();
    }

    /**
     * The hardware address of the pod's end if none is asked for: locally administered, and as good as random, since
     * container IDs are. It is derived so that no source of randomness has to be opened.
     */
    public static MacAddress podMac(String containerId, String ifName) {
        byte[] digest = Sha1.digest("mac/" + containerId + "/" + ifName);
        long bits = 0;
        for (int i = 0; i < 6; i++) {
            bits = bits << 8 | (digest[i] & 0xff);
        }
        return MacAddress.locallyAdministered(bits);
    }
}
