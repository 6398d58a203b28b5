package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.protocol.Result;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.Inspection;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.PodRoute;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What CHECK wants to find: what {@code prevResult} says of this plugin's part in it. */
final class Expectation {
    private final Request request;
    private final Inspection.End outer;
    private final Inspection.End inner;
    private final List<IpPrefix> prefixes;
    private final List<PodRoute> routes;

    private Expectation(
            Request request,
            Inspection.End outer,
            Inspection.End inner,
            List<IpPrefix> prefixes,
            List<PodRoute> routes) {
        this.request = request;
        this.outer = outer;
        this.inner = inner;
        this.prefixes = prefixes;
        this.routes = routes;
    }

    /** @throws CniException if the result has no such interface, or none of the addresses is on it */
    static Expectation of(Request request) throws CniException {
        Result result = Objects.requireNonNull(request.conf().prevResult(), "CHECK without prevResult");
        String hostName = NodeVerbs.hostName(request);
        Inspection.@Nullable End outer = null;
        Inspection.@Nullable End inner = null;
        int position = 0;
        for (int i = 0; i < result.interfaces().size(); i++) {
            Result.Interface each = result.interfaces().get(i);
            if (each.sandbox().isEmpty() && isHostEnd(each.name(), hostName, request)) {
                outer = end(each);
            } else if (each.name().equals(request.ifName()) && each.sandbox().equals(request.netns())) {
                inner = end(each);
                position = i;
            }
        }
        if (inner == null) {
            throw mismatch("prevResult has no interface " + request.ifName() + " in " + request.netns());
        }
        if (outer == null) {
            throw mismatch("prevResult has no interface " + hostName + " on the node");
        }
        List<IpPrefix> prefixes = new ArrayList<>();
        for (Result.Ip ip : result.ips()) {
            if (ip.interfaceIndex() != null && ip.interfaceIndex() == position) {
                prefixes.add(ip.address());
            }
        }
        if (prefixes.isEmpty()) {
            throw mismatch("prevResult has no address on interface " + request.ifName());
        }
        List<PodRoute> routes = new ArrayList<>();
        for (Result.Route route : result.routes()) {
            if (PodRoutes.isShown(route)) {
                routes.add(PodRoutes.of(route, route.gateway()));
            }
        }
        return new Expectation(request, outer, inner, prefixes, routes);
    }

    /** A runtime that does not tell the pod may have told it to ADD; whose the link is, its mark says. */
    private static boolean isHostEnd(String name, String expected, Request request) {
        boolean isPod =
                EndpointName.isPod(request.args().podNamespace(), request.args().podName());
        return isPod ? name.equals(expected) : EndpointName.isHostName(name);
    }

    /** What the kernel shows otherwise, one short sentence each. */
    List<String> compare(Namespaces node, Namespaces.Pod pod) throws CniException, NetlinkException {
        Rtnl host = node.host();
        Inspection inspection = new Inspection();
        inspection.compare(host, pod, NodeVerbs.mark(request), outer, inner, prefixes, routes);
        List<String> mismatches = new ArrayList<>(inspection.mismatches());
        mismatches.addAll(NodeVerbs.shaping(request).compare(host, outer.name(), addresses()));
        mismatches.addAll(NodeVerbs.ports(request, addresses()).compare(node, outer.name()));
        return mismatches;
    }

    List<IpAddress> addresses() {
        List<IpAddress> addresses = new ArrayList<>(prefixes.size());
        for (IpPrefix prefix : prefixes) {
            addresses.add(prefix.address());
        }
        return addresses;
    }

    private static Inspection.End end(Result.Interface shown) {
        return new Inspection.End(shown.name(), shown.mac(), shown.mtu());
    }

    private static CniException mismatch(String message) {
        return new CniException(CniException.INTERNAL, message);
    }
}
