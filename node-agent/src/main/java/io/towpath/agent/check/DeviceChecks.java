package io.towpath.agent.check;

import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Vxlan;
import io.towpath.overlay.Cluster;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What the overlay's devices are, and what other devices do to them. */
final class DeviceChecks {
    /** What a tunnel packet has more than the one inside: IP, UDP, VXLAN and Ethernet header. */
    private static final int OVERHEAD_IPV4 = 50;

    private static final int OVERHEAD_IPV6 = 70;

    /** Where kube-proxy in mode ipvs has the addresses of all Services. */
    private static final String IPVS_DEVICE = "kube-ipvs0";

    private final Picture picture;

    DeviceChecks(Picture picture) {
        this.picture = picture;
    }

    Finding overlay() {
        List<Link> devices = picture.overlayDevices();
        if (devices.isEmpty()) {
            return Finding.fail("overlay", "there is no overlay device", "start the agent, and see what it logs");
        }
        for (Link device : devices) {
            if (!device.isUp()) {
                return Finding.fail("overlay", device.name() + " is down", "start the agent, which sets it up");
            }
        }
        return Finding.ok("overlay", Checks.names(devices) + " up");
    }

    /** Others' VXLAN devices: the kernel gives a port's VNI to one device only, and a port to devices of one manner only. */
    Finding vxlan() {
        Cluster cluster = picture.cluster();
        int port = cluster == null ? Cluster.DEFAULT_PORT : cluster.port();
        int vni = cluster == null ? Cluster.DEFAULT_VNI : cluster.vni();
        boolean gbp = cluster != null && cluster.gbp();
        for (Link link : picture.links()) {
            Vxlan other = link.vxlan();
            if (other == null || Picture.isOverlay(link) || other.port() != port) {
                continue;
            }
            if (other.collectMetadata() || other.gbp() != gbp) {
                return Finding.fail(
                        "vxlan",
                        "the VXLAN device " + link.name() + " of another takes UDP port " + port
                                + " in a manner that the overlay cannot share",
                        "remove " + link.name() + " or whoever makes it, or give the overlay another port");
            }
            if (other.id() == vni) {
                return Finding.fail(
                        "vxlan",
                        "the VXLAN device " + link.name() + " of another has VNI " + vni + " at UDP port " + port
                                + ", which the overlay needs",
                        "remove " + link.name() + " or whoever makes it, or give the overlay another VNI");
            }
        }
        return Finding.ok("vxlan", "no other device has VNI " + vni + " at UDP port " + port);
    }

    /** Its mode that hands Services' packets to the node itself, which sees the Service and not the pod behind it. */
    Finding kubeProxy() {
        if (!hasIpvsServices()) {
            return Finding.ok("kube-proxy", "not in mode ipvs");
        }
        return "0".equals(picture.settings().get(Picture.IPVS_CONNTRACK))
                ? Finding.fail(
                        "kube-proxy",
                        "it runs in mode ipvs (" + IPVS_DEVICE
                                + " has addresses), but net.ipv4.vs.conntrack is off: the"
                                + " answers of Services are dropped where policies are enforced",
                        "sysctl -w net.ipv4.vs.conntrack=1, as kube-proxy does when it starts, and look for who turns it"
                                + " off in /etc/sysctl.d")
                : Finding.ok("kube-proxy", "in mode ipvs: policies see the endpoints of Services");
    }

    /** Of a mode that kube-proxy had before, the link may be left. */
    private boolean hasIpvsServices() {
        return picture.addresses().stream()
                .map(address -> picture.link(address.linkIndex()))
                .anyMatch(link -> link != null && link.name().equals(IPVS_DEVICE));
    }

    Finding mtu() {
        List<String> good = new ArrayList<>();
        for (Link device : picture.overlayDevices()) {
            Vxlan vxlan = Objects.requireNonNull(device.vxlan());
            Link underlay = picture.link(vxlan.linkIndex());
            if (underlay == null) {
                continue;
            }
            IpAddress local = vxlan.local();
            int room = underlay.mtu() - (local != null && local.ipv6() ? OVERHEAD_IPV6 : OVERHEAD_IPV4);
            if (device.mtu() > room) {
                return Finding.fail(
                        "mtu",
                        device.name() + " has MTU " + device.mtu() + ", but " + underlay.name() + " with "
                                + underlay.mtu() + " has room for " + room,
                        "start the agent, which lowers it, or raise the MTU of " + underlay.name());
            }
            for (Link link : picture.links()) {
                if (link.name().startsWith(Checks.POD_LINK) && link.mtu() > device.mtu()) {
                    return Finding.warn(
                            "mtu",
                            "pod interface " + link.name() + " has MTU " + link.mtu() + ", more than the "
                                    + device.mtu() + " of " + device.name(),
                            "recreate the pods that were started with the larger MTU");
                }
            }
            good.add(device.name() + " " + device.mtu() + " on " + underlay.name() + " " + underlay.mtu());
        }
        return Finding.ok("mtu", good.isEmpty() ? "no overlay device to look at" : String.join(", ", good));
    }
}
