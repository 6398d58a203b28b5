package io.towpath.agent.check;

import io.towpath.agent.attachments.CniConf;
import io.towpath.agent.attachments.OutsidePods;
import io.towpath.cni.wiring.Links;
import io.towpath.ipam.HostLocal;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.DesiredOverlay;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Whether the addresses of this node's pods are of its slices, and whether somebody else leases such. */
final class RangeChecks {
    private RangeChecks() {}

    /** Pods of a slice that the node had before. */
    static Finding pods(Rtnl rtnl, List<DesiredOverlay.Device> devices) throws IOException {
        List<String> outside = StateChecks.lasting(() -> outside(rtnl, devices));
        return outside.isEmpty()
                ? Finding.ok("pod-ranges", "the addresses of all pods are of this node's slices")
                : Finding.fail(
                        "pod-ranges",
                        "pods have addresses outside this node's slices, as of a podCIDR that it had before, and other"
                                + " nodes cannot reach them: " + StateChecks.some(outside, outside.size()),
                        "delete these pods (kubectl get pods -A -o wide has the addresses), so that they are made anew");
    }

    private static List<String> outside(Rtnl rtnl, List<DesiredOverlay.Device> devices) throws NetlinkException {
        Map<Integer, List<IpAddress>> addresses = new HashMap<>();
        for (Link link : rtnl.links()) {
            if (Links.isHostEnd(link)) {
                addresses.put(link.index(), new ArrayList<>());
            }
        }
        for (Route route : rtnl.routes()) {
            List<IpAddress> ofLink = addresses.get(route.linkIndex());
            if (ofLink != null && route.isToOne()) {
                ofLink.add(route.destination().address());
            }
        }
        return OutsidePods.of(addresses, devices, Map.of());
    }

    /** Leases of other networks. */
    static Finding leases(String conflist, List<DesiredOverlay.Device> devices) {
        String check = "other-leases";
        try {
            CniConf conf = CniConf.read(conflist);
            if (conf == null) {
                return Finding.ok(check, "not looked at, as there is no " + conflist);
            }
            Path folder = conf.leases().resolveSibling("");
            for (String network : networks(folder)) {
                if (network.equals(conf.network())) {
                    continue;
                }
                List<String> inside = HostLocal.of(folder.toString(), network).list().stream()
                        .map(lease -> IpPrefix.host(lease.address()))
                        .filter(address -> devices.stream()
                                .anyMatch(device -> device.slice().contains(address)))
                        .map(address -> address.address().toString())
                        .toList();
                if (!inside.isEmpty()) {
                    return Finding.fail(
                            check,
                            "the network " + network + " has leases inside this node's slices, so two pods may get one"
                                    + " address: " + StateChecks.some(inside, inside.size()),
                            "if the node comes from that network, run towpath-node migrate; else give it other ranges;"
                                    + " where no pod has these addresses, remove " + folder.resolve(network));
                }
            }
            return Finding.ok(check, "no other network leases addresses of this node's slices");
        } catch (IOException e) {
            return Finding.warn(
                    check, "not known: " + e.getMessage(), "run this as root, and see the check cni-conflist");
        }
    }

    /** The folders of networks. */
    private static List<String> networks(Path folder) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, Files::isDirectory)) {
            all.forEach(each -> names.add(String.valueOf(each.getFileName())));
        } catch (NoSuchFileException | NotDirectoryException _) {
            return names;
        }
        names.sort(null);
        return names;
    }
}
