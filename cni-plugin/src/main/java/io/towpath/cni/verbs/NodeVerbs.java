package io.towpath.cni.verbs;

import io.towpath.cni.bandwidth.Shaping;
import io.towpath.cni.ports.HostPortTakenException;
import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.CniVersion;
import io.towpath.cni.protocol.Dns;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.protocol.Result;
import io.towpath.cni.protocol.Verbs;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.LinkRemoval;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.Attachment;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** The verbs on this node. Nothing here asks another machine. */
public final class NodeVerbs implements Verbs {
    private final Supplier<Namespaces> namespaces;
    private final OverlayGate overlay;
    private final Leases leases;
    private final PolicyGate policies;

    /** @param namespaces called once per verb; closed at its end */
    public NodeVerbs(Supplier<Namespaces> namespaces, OverlayGate overlay, Leases leases, PolicyGate policies) {
        this.namespaces = namespaces;
        this.overlay = overlay;
        this.leases = leases;
        this.policies = policies;
    }

    @Override
    public Result add(Request request) throws CniException, IOException {
        policies.requirePod(request);
        try (Namespaces node = namespaces.get();
                Namespaces.Pod pod = PodNamespace.open(node, request)) {
            return after(request, new PodAddition(node, overlay, leases, policies).add(request, pod));
        } catch (PolicyException e) {
            throw new CniException(CniException.TRY_AGAIN_LATER, String.valueOf(e.getMessage()), e.why(), e);
        } catch (HostPortTakenException e) {
            throw new CniException(CniException.HOST_PORT_TAKEN, String.valueOf(e.getMessage()), "", e);
        }
    }

    /** What the plugins before this one in its list made, as {@code loopback}, comes first. */
    private static Result after(Request request, Result own) {
        Result previous = request.conf().prevResult();
        if (previous == null) {
            return own;
        }
        Dns dns = own.dns().isEmpty() ? previous.dns() : own.dns();
        // Where there is one address of each family to tell, it is this plugin's, as of the one that comes last.
        return CniVersion.hasOneAddress(request.conf().cniVersion())
                ? own.with(previous, dns)
                : previous.with(own, dns);
    }

    /** The lease goes last: an address that is free again must have neither a port nor a route to its old pod. */
    @Override
    public void del(Request request) throws CniException, IOException {
        try (Namespaces node = namespaces.get();
                Namespaces.Pod pod = PodNamespace.openIfThere(node, request)) {
            boolean isPod = EndpointName.isPod(
                    request.args().podNamespace(), request.args().podName());
            OwnerMark mark = mark(request);
            LinkRemoval removal = new LinkRemoval(node);
            Link link = removal.find(hostName(request), isPod, mark, pod, request.ifName());
            try {
                if (Links.mayHavePorts(link)) {
                    HostPorts.close(node, mark);
                }
            } finally {
                removal.disconnect(link, mark);
            }
            leases.release(request);
        }
    }

    @Override
    public void check(Request request) throws CniException, IOException {
        Expectation expected = Expectation.of(request);
        Failures mismatches = new Failures();
        try (Namespaces node = namespaces.get();
                Namespaces.Pod pod = PodNamespace.open(node, request)) {
            expected.compare(node, pod).forEach(mismatches::add);
        }
        mismatches.collect(() -> leases.check(request, expected.addresses()));
        mismatches.throwIfAny();
    }

    /** Goes on whatever fails, and tells at the end. */
    @Override
    public void gc(Request request) throws CniException, IOException {
        Set<Attachment> keep = request.conf().validAttachments();
        if (keep == null) {
            return;
        }
        String network = request.conf().name();
        Set<OwnerMark> marks = HashSet.newHashSet(keep.size());
        for (Attachment attachment : keep) {
            marks.add(OwnerMark.of(network, attachment.containerId(), attachment.interfaceName()));
        }
        Failures failures = new Failures();
        failures.collect(() -> {
            try (Namespaces node = namespaces.get()) {
                String prefix = OwnerMark.networkPrefix(network);
                failures.collect(() -> HostPorts.sweep(node, prefix, marks));
                for (NetlinkException e : new LinkRemoval(node).sweep(prefix, marks)) {
                    failures.add(String.valueOf(e.getMessage()));
                }
            }
        });
        failures.collect(() -> leases.retain(request, keep));
        failures.throwIfAny();
    }

    /**
     * Asks no agent: ADD waits for one that is replaced, and pods run on without. A node that is not ready loses its pods.
     */
    @Override
    public void status(Request request) throws CniException, IOException {
        boolean stateWillCome;
        try (Namespaces node = namespaces.get()) {
            stateWillCome = overlay.requireReady(request.conf(), node.host());
        }
        leases.status(request, stateWillCome);
    }

    static String hostName(Request request) {
        return EndpointName.hostName(
                request.args().podNamespace(), request.args().podName(), request.containerId(), request.ifName());
    }

    static Shaping shaping(Request request) {
        return new Shaping(mark(request), request.conf().runtimeConfig().bandwidth());
    }

    static HostPorts ports(Request request, List<IpAddress> addresses) throws CniException {
        return new HostPorts(mark(request), request.conf().runtimeConfig().portMappings(), addresses);
    }

    static OwnerMark mark(Request request) {
        return OwnerMark.of(request.conf().name(), request.containerId(), request.ifName());
    }
}
