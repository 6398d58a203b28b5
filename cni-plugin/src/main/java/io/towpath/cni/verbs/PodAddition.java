package io.towpath.cni.verbs;

import io.towpath.cni.bandwidth.Shaping;
import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Dns;
import io.towpath.cni.protocol.NetConf;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.protocol.Result;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.LinkRemoval;
import io.towpath.cni.wiring.LinkSetup;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.PodRoute;
import io.towpath.ipam.Attachment;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.netlink.rtnl.Link;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** ADD, from top to bottom: overlay, lease, link, policies, host ports. Each step notes what takes it back if a later one fails. */
final class PodAddition {
    /** The least MTU with which the kernel does IPv6 on a link, RFC 8200 section 5. */
    private static final int IPV6_MTU = 1280;

    private final Namespaces node;
    private final OverlayGate overlay;
    private final Leases leases;
    private final PolicyGate policies;

    PodAddition(Namespaces node, OverlayGate overlay, Leases leases, PolicyGate policies) {
        this.node = node;
        this.overlay = overlay;
        this.leases = leases;
        this.policies = policies;
    }

    Result add(Request request, Namespaces.Pod pod) throws CniException, IOException {
        Leases.Offer offer = leases.read(request);
        boolean stateIsNew = overlay.ensure(request.conf(), node.host());
        Undo undo = new Undo();
        try {
            Leases.Grant grant = offer.take(stateIsNew);
            undo.unlessAnythingIsLeft(() -> leases.release(request));

            HostPorts ports = NodeVerbs.ports(request, grant.addresses());
            Endpoint endpoint = endpoint(request, grant, !ports.isEmpty());
            Shaping shaping = NodeVerbs.shaping(request);
            shaping.requireSense(endpoint.mtu());

            LinkSetup.LeaseLook look = mark -> isLive(request, mark);
            LinkSetup setup = new LinkSetup(node, look, mark -> HostPorts.close(node, mark));
            Link link = setup.create(pod, endpoint);
            // With all that the steps up to the routes and the limits add to it.
            undo.by(() -> new LinkRemoval(node).disconnect(link, endpoint.mark()));
            setup.writeSettings(endpoint, link);
            setup.checkSources(endpoint);
            setup.bringUp(pod, endpoint, link);
            setup.addRoutes(endpoint, link);
            shaping.apply(node.host(), link, endpoint.mtu(), endpoint.addresses());

            policies.await(request, endpoint);

            if (!ports.isEmpty()) {
                ports.open(node, new PortHolders(request, node, look, policies));
                undo.by(() -> HostPorts.close(node, endpoint.mark()));
            }
            if (request.conf().policy() != null) {
                requireLink(link, endpoint);
            }
            return result(request, grant, endpoint, endpoint.priority(link.parentIndex()));
        } catch (Throwable failure) {
            undo.after(failure);
            throw failure;
        }
    }

    /** A DEL or GC may have come while a policy was waited for. It found no ports, as these were not open yet. */
    private void requireLink(Link made, Endpoint endpoint) throws IOException {
        if (node.host().link(made.index()) == null) {
            throw new IOException("link " + endpoint.hostName() + " was removed while ADD was waiting for policies");
        }
    }

    private Endpoint endpoint(Request request, Leases.Grant grant, boolean ports) throws CniException, IOException {
        NetConf conf = request.conf();
        int mtu = conf.mtu() != 0 ? conf.mtu() : grant.mtu() != 0 ? grant.mtu() : Mtu.ofNode(node.host());
        MacAddress mac = conf.mac() != null ? conf.mac() : EndpointName.podMac(request.containerId(), request.ifName());
        boolean defaults = conf.includeDefaultRoutes();
        List<PodRoute> routes = PodRoutes.choose(grant.routes(), defaults, grant.addresses());
        Endpoint endpoint = new Endpoint(
                NodeVerbs.hostName(request),
                request.ifName(),
                NodeVerbs.mark(request),
                mac,
                mtu,
                grant.addresses(),
                routes,
                ports);
        if (mtu < IPV6_MTU && endpoint.has(true)) {
            throw new CniException(
                    CniException.INVALID_CONFIG, "invalid mtu: " + mtu + " is less than IPv6 needs, " + IPV6_MTU);
        }
        return endpoint;
    }

    private boolean isLive(Request request, OwnerMark mark) throws IOException {
        String network = request.conf().name();
        if (!mark.alias().startsWith(OwnerMark.networkPrefix(network))) {
            return true;
        }
        try {
            for (Attachment holder : leases.holders(request)) {
                if (mark.equals(OwnerMark.of(network, holder.containerId(), holder.interfaceName()))) {
                    return true;
                }
            }
            return false;
        } catch (CniException e) {
            throw new IOException(e.msg(), e);
        }
    }

    private static Result result(Request request, Leases.Grant grant, Endpoint endpoint, int priority) {
        List<Result.Interface> interfaces = new ArrayList<>(3);
        interfaces.add(onNode(endpoint.hostName(), endpoint));
        interfaces.add(
                new Result.Interface(endpoint.ifName(), endpoint.podMac().toString(), endpoint.mtu(), request.netns()));
        String limiter = NodeVerbs.shaping(request).deviceName();
        if (limiter != null) {
            interfaces.add(onNode(limiter, endpoint));
        }
        List<Result.Ip> ips = new ArrayList<>(grant.addresses().size());
        for (IpAddress address : grant.addresses()) {
            ips.add(new Result.Ip(IpPrefix.host(address), null, 1));
        }
        List<Result.Route> routes = new ArrayList<>(endpoint.routes().size());
        for (PodRoute route : endpoint.routes()) {
            routes.add(PodRoutes.shown(route.orPriority(priority)));
        }
        return new Result(interfaces, ips, routes, dns(request.conf(), grant));
    }

    private static Result.Interface onNode(String name, Endpoint endpoint) {
        return new Result.Interface(name, Endpoint.HOST_MAC.toString(), endpoint.mtu(), "");
    }

    /** The runtime's word counts most, then the operator's, then the IPAM's. */
    private static Dns dns(NetConf conf, Leases.Grant grant) {
        if (!conf.runtimeConfig().dns().isEmpty()) {
            return conf.runtimeConfig().dns();
        }
        return conf.dns().isEmpty() ? grant.dns() : conf.dns();
    }
}
