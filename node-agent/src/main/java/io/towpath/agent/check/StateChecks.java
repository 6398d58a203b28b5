package io.towpath.agent.check;

import io.towpath.agent.attachments.Attachments;
import io.towpath.agent.attachments.CniConf;
import io.towpath.agent.guard.Guard;
import io.towpath.agent.guard.GuardPolicy;
import io.towpath.cni.ports.HostPorts;
import io.towpath.cni.sources.SourceKeeper;
import io.towpath.cni.sources.SourceTable;
import io.towpath.cni.wiring.Links;
import io.towpath.cni.wiring.LinuxNamespaces;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.cni.wiring.PodLinkFaults;
import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.Overlay.Difference;
import io.towpath.overlay.OverlayConfig;
import io.towpath.overlay.OverlayException;
import io.towpath.policy.nft.PolicyTable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether the kernel has what the agent keeps there, by the same plans: whatever the agent would mend is a failure. Looks at the
 * network namespace of the calling thread.
 */
public final class StateChecks {
    private static final int SHOWN = 3;

    /** Longer than a DEL takes with its link. */
    private static final Duration MOMENT = Duration.ofMillis(300);

    private final OverlayConfig files;
    private final String conflist;
    private final @Nullable AnsweringAgent agent;

    /**
     * The agent that was asked.
     *
     * @param notReady why its node is not ready, null if it is
     * @param complaint what it leaves out, and what is wrong with its sources; null for nothing
     * @param enforces whether it enforces policies
     */
    public record AnsweringAgent(
            @Nullable String notReady, @Nullable String complaint, boolean enforces) {}

    /**
     * Checks of a node.
     *
     * @param files where the overlay's files are
     * @param conflist the path of our network configuration
     * @param agent null if none answers
     */
    public StateChecks(OverlayConfig files, String conflist, @Nullable AnsweringAgent agent) {
        this.files = files;
        this.conflist = conflist;
        this.agent = agent;
    }

    /** All of them. */
    public List<Finding> all() throws IOException {
        try (Rtnl rtnl = Rtnl.open();
                Nft nft = Nft.open();
                Namespaces node = new LinuxNamespaces()) {
            List<Finding> findings = new ArrayList<>();
            Difference found = null;
            String problem = null;
            try {
                found = new Overlay(files, rtnl).difference();
            } catch (OverlayException e) {
                problem = String.valueOf(e.getMessage());
            }
            Difference difference = found;
            findings.add(agent(difference));
            findings.add(entries(difference, problem));
            findings.add(obstacles(rtnl, difference));
            findings.add(nftables("overlay-table", () -> guard(nft, difference)));
            findings.add(nftables("policy-table", () -> policies(nft, rtnl)));
            findings.add(nftables("host-ports", () -> hostPorts(node)));
            findings.add(nftables("pod-sources", () -> sources(node)));
            findings.add(pods(rtnl));
            findings.add(podLinks(rtnl));
            if (difference != null) {
                List<DesiredOverlay.Device> devices = difference.desired().devices();
                findings.add(RangeChecks.pods(rtnl, devices));
                findings.add(RangeChecks.leases(conflist, devices));
            }
            return findings;
        }
    }

    private Finding agent(@Nullable Difference difference) {
        if (agent == null) {
            return difference == null || difference.isOfAgent()
                    ? Finding.fail(
                            "agent",
                            "no agent answers: nothing follows the cluster, and what others break stays broken",
                            "start it (kubectl -n kube-system get pods -o wide shows the one of this node), and see what"
                                    + " it logs")
                    : Finding.warn(
                            "agent",
                            "no agent answers: what others break stays so until a pod is added",
                            "start it, where one should run");
        }
        if (agent.notReady() != null) {
            return Finding.fail("agent", "it is not ready: " + agent.notReady(), "see what it logs");
        }
        return agent.complaint() == null
                ? Finding.ok("agent", "answers")
                : Finding.warn("agent", agent.complaint(), "see what it logs");
    }

    private Finding entries(@Nullable Difference difference, @Nullable String problem) {
        String check = "overlay-entries";
        if (problem != null) {
            return Finding.fail(check, problem, "see the checks below, and what the agent logs");
        }
        if (difference == null) {
            return Finding.warn(check, "not known, as no cluster is known yet", "start the agent");
        }
        List<String> steps = difference.steps();
        return steps.isEmpty()
                ? Finding.ok(
                        check,
                        "devices, addresses, routes, neighbours and forwarding entries are as the cluster wants them")
                : Finding.fail(
                        check,
                        "not as the cluster wants it; missing: " + some(steps),
                        mend("towpath-node overlay sync"));
    }

    /** What is others' to take away. */
    private Finding obstacles(Rtnl rtnl, @Nullable Difference difference) {
        String check = "routing";
        if (difference == null) {
            return Finding.warn(check, "not known", "see the check overlay-entries");
        }
        try {
            List<String> obstacles = new Overlay(files, rtnl).obstacles(difference.desired());
            return obstacles.isEmpty()
                    ? Finding.ok(check, "no route and no rule of others leads the overlay's packets elsewhere")
                    : Finding.fail(
                            check,
                            some(obstacles),
                            "the agent leaves alone what is not its own: delete it (ip route, ip rule, sysctl), or have the"
                                    + " program that made it leave out the cluster's addresses");
        } catch (OverlayException e) {
            return Finding.warn(check, "not known: " + e.getMessage(), "run this as root");
        }
    }

    private Finding guard(Nft nft, @Nullable Difference difference) throws NetlinkException {
        String check = "overlay-table";
        Table table = Table.inet(Guard.TABLE_NAME);
        if (difference == null) {
            return Finding.warn(check, "not known", "see the check overlay-entries");
        }
        if (nft.find(table) == null) {
            boolean isMeant = agent != null || difference.isOfAgent();
            String found = "there is no nftables table " + table
                    + ": pods are not masqueraded, and anybody may send into the overlay";
            return isMeant ? Finding.fail(check, found, mend("")) : Finding.warn(check, found, "run an agent");
        }
        List<String> pending = Guard.pending(nft, difference.desired(), GuardPolicy.ALL);
        return pending.isEmpty()
                ? Finding.ok(check, "nftables table " + table + " is as the overlay needs it")
                : Finding.fail(
                        check,
                        "nftables table " + table + " is not as the overlay needs it; missing: " + some(pending),
                        mend(""));
    }

    private Finding policies(Nft nft, Rtnl rtnl) throws NetlinkException {
        String check = "policy-table";
        Table table = Table.inet(PolicyTable.NAME);
        if (nft.find(table) == null) {
            return isEnforcing()
                    ? Finding.fail(check, "policies are not in force: there is no nftables table " + table, mend(""))
                    : Finding.ok(check, "no policies are enforced");
        }
        List<String> pods = rtnl.links().stream()
                .filter(link -> Links.isHostEnd(link) && link.isUp())
                .map(Link::name)
                .toList();
        String fault = PolicyTable.fault(nft, PolicyTable.NAME, pods);
        Table trial = Table.inet(PolicyTable.TRIAL_NAME);
        if (fault == null && nft.find(trial) != null) {
            table = trial;
            fault = PolicyTable.fault(nft, PolicyTable.TRIAL_NAME, List.of());
        }
        return fault == null
                ? Finding.ok(
                        check,
                        "packets enter nftables table " + Table.inet(PolicyTable.NAME) + ", and it knows all pods")
                : Finding.fail(check, "nftables table " + table + " is not as it must be: " + fault, mend(""));
    }

    private boolean isEnforcing() {
        if (agent != null) {
            return agent.enforces();
        }
        try {
            CniConf conf = CniConf.read(conflist);
            return conf != null && conf.waitsForPolicies();
        } catch (IOException _) {
            return false; // The check of the conflist tells of it.
        }
    }

    private static Finding hostPorts(Namespaces node) throws NetlinkException {
        String fault = HostPorts.fault(node);
        return fault == null
                ? Finding.ok("host-ports", "those of all pods that have any lead to them")
                : Finding.fail(
                        "host-ports",
                        "nftables table inet towpath-hostports: " + fault,
                        "the agent puts back what it knew; if it does not, delete these pods, so that they are made anew");
    }

    private Finding sources(Namespaces node) throws NetlinkException {
        List<String> unchecked = SourceKeeper.unchecked(node);
        return unchecked.isEmpty()
                ? Finding.ok("pod-sources", "all pods send with their own addresses alone")
                : Finding.fail(
                        "pod-sources",
                        "nftables table netdev " + SourceTable.NAME + " does not check what comes in by "
                                + some(unchecked) + ": these pods can send with any address",
                        mend("delete these pods, so that they are made anew"));
    }

    private Finding pods(Rtnl rtnl) {
        try {
            CniConf conf = CniConf.read(conflist);
            if (conf == null) {
                return Finding.ok("pods", "not looked at, as there is no " + conflist);
            }
            Path lock = conf.leases().resolve("lock");
            if (Files.isDirectory(lock)) {
                return Finding.fail(
                        "pods",
                        lock
                                + " is a directory, and not the file that whoever leases addresses locks: no pod starts or ends",
                        "rmdir " + lock);
            }
            List<String> lost = lasting(() -> Attachments.lost(conf, rtnl));
            return lost.isEmpty()
                    ? Finding.ok("pods", "leases, links and routes of pods fit")
                    : Finding.fail("pods", some(lost), mend(""));
        } catch (IOException e) {
            return Finding.warn(
                    "pods",
                    "not known: " + e.getMessage(),
                    "see the check cni-conflist, and run this as root on the node, or in the agent's container");
        }
    }

    private Finding podLinks(Rtnl rtnl) throws IOException {
        List<String> faults = lasting(() -> PodLinkFaults.of(rtnl));
        return faults.isEmpty()
                ? Finding.ok("pod-links", "the node's ends of pods' links are up and forward")
                : Finding.fail(
                        "pod-links",
                        some(faults),
                        mend("set it by hand") + "; what is down stays so: ip link set LINK up");
    }

    interface Faults {
        List<String> look() throws IOException;
    }

    /** What is still so a moment later: a pod that is being added or deleted is no fault. */
    static List<String> lasting(Faults faults) throws IOException {
        List<String> seen = faults.look();
        if (seen.isEmpty()) {
            return seen;
        }
        try {
            Thread.sleep(MOMENT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
        List<String> lasting = new ArrayList<>(faults.look());
        lasting.retainAll(seen);
        return lasting;
    }

    private interface Look {
        Finding look() throws NetlinkException;
    }

    /** Without nftables, or the right to ask for it, nothing is known. */
    private static Finding nftables(String check, Look look) throws NetlinkException {
        try {
            return look.look();
        } catch (NetlinkException e) {
            if (e.is(Errno.EPERM)) {
                return Finding.warn(check, "not known: " + Picture.DENIED, "run this as root");
            }
            return Finding.warn(check, "not known: " + e.getMessage(), "see the check nftables");
        }
    }

    private String mend(String otherwise) {
        if (agent != null) {
            return "the agent mends this within a second; if it is still so then, see what it logs";
        }
        return "start the agent, which mends it" + (otherwise.isEmpty() ? "" : "; without an agent: " + otherwise);
    }

    private static String some(List<String> lines) {
        return some(lines, lines.size());
    }

    /** The first of so many. */
    static String some(List<String> lines, int count) {
        String shown = String.join("; ", lines.subList(0, Math.min(SHOWN, lines.size())));
        return count <= SHOWN ? shown : shown + "; and " + (count - SHOWN) + " more";
    }
}
