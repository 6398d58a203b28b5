package io.towpath.agent.attachments;

import io.towpath.agent.log.Log;
import io.towpath.agent.status.AgentStatus;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfig;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.Lease;
import io.towpath.ipam.RangeFill;
import io.towpath.ipam.RangeSet;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.rtnl.Batch;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Mends what does not fit between the leases of the node's network, the pods' links and the routes to pods. Nothing is done
 * about what was seen once only: an ADD or a DEL may be under way. Two looks are therefore to be minutes apart, longer than any
 * runtime waits for one.
 */
public final class Attachments {
    private final Files files;
    private final Rtnl rtnl;
    private final Ports ports;
    private final Log log;
    private final Clock clock;
    private Set<Finding> before = Set.of();
    private long releasedLeases;
    private long removedLinks;
    private long removedRoutes;
    private @Nullable Instant last;

    /**
     * Where files are.
     *
     * @param cniConf the conflist that the runtime reads
     * @param nodeState {@code node.json}
     * @param subnetEnv flannel's {@code subnet.env}
     */
    public record Files(String cniConf, String nodeState, String subnetEnv) {}

    /** The node's ports that lead to pods. */
    public interface Ports {
        /** The attachments that some lead to. */
        Set<OwnerMark> owners() throws IOException;

        /** Lets none lead to an attachment any more. */
        void close(OwnerMark mark) throws IOException;
    }

    /** @param rtnl a session with the node's network namespace; the caller closes it */
    public Attachments(Files files, Rtnl rtnl, Ports ports, Log log, Clock clock) {
        this.files = files;
        this.rtnl = rtnl;
        this.ports = ports;
        this.log = log;
        this.clock = clock;
    }

    /** How full the ranges are; empty as long as there is no network or no slice. */
    public List<AgentStatus.Fill> fills() throws IOException {
        CniConf conf = CniConf.read(files.cniConf);
        List<AgentStatus.Fill> fills = new ArrayList<>();
        try {
            IpamConfig config = conf == null ? null : config(conf);
            if (conf != null && config != null) {
                for (RangeFill fill : HostLocal.of(conf.tree()).fill(config)) {
                    fills.add(
                            new AgentStatus.Fill(conf.network(), fill.set().toString(), fill.capacity(), fill.taken()));
                }
            }
        } catch (IpamException e) {
            throw new IOException(e.message(), e);
        }
        return fills;
    }

    /** What was done since the start. */
    public AgentStatus.Attachments cleared(@Nullable String problem) {
        return new AgentStatus.Attachments(releasedLeases, removedLinks, removedRoutes, last, problem);
    }

    /**
     * Looks, and mends what the look before found too.
     *
     * @return whether to look again soon: something was found that the next look may mend, or there is no conflist yet, as on a node
     *     that an agent has just come to
     * @throws IOException if the kernel, a file or IPAM fails; what was mended before that is counted
     */
    public boolean look() throws IOException {
        CniConf conf = CniConf.read(files.cniConf);
        if (conf == null) {
            return true;
        }
        try {
            HostLocal leases = HostLocal.of(conf.tree());
            Set<OwnerMark> owners = ports.owners();
            List<Link> links = rtnl.links();
            List<Route> routes = rtnl.routes();
            List<Lease> held = leases.list();
            Set<Finding> found = Findings.of(conf.network(), owners, links, routes, held);
            Set<Finding> waiting = new HashSet<>(found);
            Set<Finding> due = new HashSet<>(before);
            due.retainAll(found);
            before = waiting;
            for (Finding finding : due) {
                mend(finding, conf, leases);
                waiting.remove(finding);
            }
            last = clock.instant();
            return !waiting.isEmpty();
        } catch (IpamException e) {
            throw new IOException(e.message(), e);
        }
    }

    /**
     * The addresses of pods to which there is no route, or whose lease is gone; mends nothing.
     *
     * @param rtnl a session with the node's network namespace
     * @throws IOException if the kernel, a file or IPAM fails
     */
    public static List<String> lost(CniConf conf, Rtnl rtnl) throws IOException {
        List<String> lost = new ArrayList<>();
        try {
            HostLocal leases = HostLocal.of(conf.tree());
            List<Link> links = rtnl.links();
            List<Route> routes = rtnl.routes();
            for (Finding finding : Findings.of(conf.network(), Set.of(), links, routes, leases.list())) {
                switch (finding) {
                    case Finding.LostRoute route -> lost.add("no route to " + route.address() + " by " + route.name());
                    case Finding.LostLease lease ->
                        lost.add("no lease of " + lease.addresses() + ", which leads to " + lease.name());
                    default -> {}
                }
            }
        } catch (IpamException e) {
            throw new IOException(e.message(), e);
        }
        return lost;
    }

    private @Nullable IpamConfig config(CniConf conf) throws IOException, IpamException {
        try {
            return new IpamConfigReader(files.nodeState, files.subnetEnv).read(conf.tree(), "");
        } catch (IpamException e) {
            if (e.code() == IpamException.TRY_AGAIN_LATER) {
                return null;
            }
            throw e;
        }
    }

    private void mend(Finding finding, CniConf conf, HostLocal leases) throws IOException, IpamException {
        switch (finding) {
            case Finding.OrphanedLease orphan -> {
                Attachment holder = orphan.attachment();
                // Before another pod can have the address.
                ports.close(OwnerMark.of(conf.network(), holder.containerId(), holder.interfaceName()));
                leases.release(holder);
                releasedLeases += orphan.addresses().size();
                log.info(
                        "orphaned lease given back",
                        "container",
                        holder.containerId(),
                        "addresses",
                        orphan.addresses());
            }
            case Finding.OrphanedPorts orphan -> {
                ports.close(orphan.mark());
                log.info("host ports of a pod that is gone removed", "attachment", orphan.mark());
            }
            case Finding.UnusedLink unused -> {
                Link link = rtnl.link(unused.index());
                boolean same = link != null
                        && link.name().equals(unused.name())
                        && Objects.requireNonNullElse(link.alias(), "").equals(unused.alias());
                if (link != null && same && Links.deleteEndpoint(rtnl, link)) {
                    removedLinks++;
                    log.info("half-made link removed", "link", unused.name());
                }
            }
            case Finding.LostLease lost -> leaseAgain(lost, conf, leases);
            case Finding.LostRoute lost -> {
                rtnl.apply(new Batch().addRoute(Route.direct(IpPrefix.host(lost.address()), lost.index())));
                log.info("lost route to a pod added", "link", lost.name(), "address", lost.address());
            }
            case Finding.StrayRoute stray -> {
                rtnl.apply(new Batch().deleteRoute(stray.route()));
                removedRoutes++;
                log.info("stray route removed", "link", stray.name(), "route", stray.route());
            }
        }
    }

    private void leaseAgain(Finding.LostLease lost, CniConf conf, HostLocal leases) throws IOException, IpamException {
        Link link = rtnl.link(lost.index());
        if (link == null || !Links.isMarked(link, lost.mark())) {
            return;
        }
        String id = lost.mark().containerId();
        IpamConfig config = config(conf);
        if (id == null || config == null) {
            log.warn("the lost lease of a pod cannot be restored", "link", lost.name(), "addresses", lost.addresses());
            return;
        }
        List<IpAddress> wanted = List.copyOf(lost.addresses());
        // Not of the others: they would give an address that the pod does not have.
        List<RangeSet> sets = config.rangeSets().stream()
                .filter(set -> wanted.stream().anyMatch(set::contains))
                .toList();
        IpamConfig exact = new IpamConfig(sets, wanted, List.of(), "");
        try {
            leases.allocate(exact, new Attachment(id, lost.mark().ifName()));
            log.warn("lost lease of a pod restored", "link", lost.name(), "addresses", lost.addresses());
        } catch (IpamException e) {
            log.warn("the lost lease of a pod cannot be restored", "link", lost.name(), "problem", e.message());
        }
    }
}
