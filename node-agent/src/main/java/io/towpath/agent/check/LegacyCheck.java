package io.towpath.agent.check;

import io.towpath.linux.LinuxException;
import io.towpath.netlink.xtables.XStep;
import io.towpath.netlink.xtables.XTable;
import io.towpath.netlink.xtables.XTables;
import io.towpath.overlay.Cluster;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What rules of iptables-legacy do to packets of the overlay and of pods. What they ask of a packet is not followed: those of kube-proxy and
 * of networks are taken for harmless, and where others accept some packets nobody knows here which.
 */
final class LegacyCheck {
    private static final String CHECK = "iptables-legacy";
    private static final String FILTER = "filter";
    private static final List<String> HOOKS = List.of("INPUT", "FORWARD");
    private static final String KUBE_PROXY = "KUBE-";
    private static final List<String> OF_NETWORKS = List.of(KUBE_PROXY, "cali-", "FLANNEL-", "CNI-");

    private final @Nullable Cluster cluster;
    private final int port;
    private final List<String> others = new ArrayList<>();
    private final List<String> ends = new ArrayList<>();
    private final List<String> sureEnds = new ArrayList<>();
    private @Nullable String mend;

    private LegacyCheck(@Nullable Cluster cluster) {
        this.cluster = cluster;
        port = cluster == null ? Cluster.DEFAULT_PORT : cluster.port();
    }

    /** Looks at the calling thread's network namespace. */
    static Finding of(@Nullable Cluster cluster) {
        LegacyCheck check = new LegacyCheck(cluster);
        try {
            for (boolean ipv6 : new boolean[] {false, true}) {
                if (check.has(ipv6) && XTables.names(ipv6).contains(FILTER)) {
                    try (XTables tables = XTables.open(ipv6)) {
                        XTable table = tables.read(FILTER);
                        HOOKS.forEach(hook -> check.look(ipv6, hook, table.steps(hook)));
                    }
                }
            }
        } catch (LinuxException e) {
            return Finding.warn(CHECK, "not known: " + e.getMessage(), "run this as root, or look: iptables-legacy -S");
        }
        return check.finding();
    }

    private boolean has(boolean ipv6) {
        return cluster == null ? !ipv6 : cluster.network(ipv6) != null;
    }

    private void look(boolean ipv6, String hook, List<XStep> steps) {
        String program = ipv6 ? "ip6tables-legacy" : "iptables-legacy";
        boolean mayBeAccepted = false;
        for (XStep step : steps) {
            if (!step.isPolicy() && OF_NETWORKS.stream().noneMatch(step.target()::startsWith)) {
                others.add(program + " " + step);
            }
            if (step.endsAll()) {
                (mayBeAccepted ? ends : sureEnds).add(program + " " + step);
                mend = mend == null ? mend(program + " -I " + hook, hook, ipv6) : mend;
                return;
            }
            if (step.isForAll() && step.target().equals("ACCEPT")) {
                return;
            }
            // What kube-proxy accepts is not what pods send by themselves.
            boolean goesOn = step.target().isEmpty() || step.target().startsWith(KUBE_PROXY);
            mayBeAccepted |= !goesOn;
        }
    }

    private String mend(String insert, String hook, boolean ipv6) {
        Object network = cluster == null ? "NETWORK-OF-PODS" : cluster.network(ipv6);
        return hook.equals("INPUT")
                ? insert + " -p udp --dport " + port + " -j ACCEPT"
                : insert + " -s " + network + " -j ACCEPT && " + insert + " -d " + network + " -j ACCEPT";
    }

    private Finding finding() {
        String where = ", and where the rules are kept (/etc/sysconfig/iptables, /etc/iptables/rules.v4)";
        if (!sureEnds.isEmpty()) {
            return Finding.fail(
                    CHECK, "drops packets of pods or of the overlay: " + Checks.some(sureEnds), mend + where);
        }
        if (!ends.isEmpty()) {
            return Finding.warn(
                    CHECK,
                    "drops what no rule accepts before, which is not followed: " + Checks.some(ends),
                    "look whether packets of pods and UDP port " + port + " are accepted: iptables-legacy -S; if not: "
                            + mend + where);
        }
        return others.isEmpty()
                ? Finding.ok(CHECK, "no rules but those of networks and kube-proxy")
                : Finding.warn(
                        CHECK,
                        "rules of others are not followed: " + Checks.some(others),
                        "look whether they drop packets of pods or UDP port " + port + ": iptables-legacy -S");
    }
}
