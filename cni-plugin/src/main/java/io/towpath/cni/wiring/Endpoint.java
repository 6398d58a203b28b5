package io.towpath.cni.wiring;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.util.List;

/**
 * What a pod's link is to be like, on both ends.
 *
 * @param hostName the name of the host's end
 * @param ifName the name of the pod's end
 * @param mark whose the link is
 * @param podMac the hardware address of the pod's end
 * @param mtu bytes, on both ends
 * @param addresses the pod's addresses, at least one
 * @param routes the pod's routes beside the one to its gateway
 * @param ports whether the node's ports are to lead to the pod
 */
public record Endpoint(
        String hostName,
        String ifName,
        OwnerMark mark,
        MacAddress podMac,
        int mtu,
        List<IpAddress> addresses,
        List<PodRoute> routes,
        boolean ports) {
    /** The hardware address of every host end: it never changes, so pods may know it for good. */
    public static final MacAddress HOST_MAC = MacAddress.parse("ee:ee:ee:ee:ee:ee");

    /** Every pod's IPv4 gateway. No device has it; the host's end answers for it by proxy ARP. */
    public static final IpAddress GATEWAY_V4 = IpAddress.parse("169.254.1.1");

    /** Every pod's IPv6 gateway: the link-local address that {@link #HOST_MAC} makes. */
    public static final IpAddress GATEWAY_V6 = IpAddress.parse("fe80::ecee:eeff:feee:eeee");

    private static final int FURTHER_INTERFACES = 2000;

    public Endpoint {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
    }

    /** The gateway of a family. */
    public static IpAddress gateway(boolean ipv6) {
        return ipv6 ? GATEWAY_V6 : GATEWAY_V4;
    }

    /**
     * The priority of the pod's routes that have none of their own: the kernel's choice for the first interface, else one that
     * no other interface has, as all of them want the same routes.
     *
     * @param index of the pod's end
     */
    public int priority(int index) {
        return EndpointName.isPrimary(ifName) ? 0 : FURTHER_INTERFACES + index;
    }

    /** Whether there is an address of a family. */
    public boolean has(boolean ipv6) {
        for (IpAddress address : addresses) {
            if (address.ipv6() == ipv6) {
                return true;
            }
        }
        return false;
    }
}
