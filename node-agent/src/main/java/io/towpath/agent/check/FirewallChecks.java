package io.towpath.agent.check;

import io.towpath.netlink.nft.Hook;
import java.util.List;

/** What nftables of others may do to packets of the overlay and of pods. */
final class FirewallChecks {
    private static final String UNKNOWN = "not known, as nftables cannot be asked";
    private static final String SEE = "see the check nftables";

    private final Picture picture;

    FirewallChecks(Picture picture) {
        this.picture = picture;
    }

    Finding nftables() {
        String problem = picture.nftablesProblem();
        if (problem == null) {
            return Finding.ok("nftables", "answers");
        }
        return problem.equals(Picture.DENIED)
                ? Finding.warn("nftables", problem, "run this as root")
                : Finding.fail("nftables", problem, "use a kernel with CONFIG_NF_TABLES (modprobe nf_tables)");
    }

    /** Whether policies can be enforced. */
    Finding policies() {
        if (picture.nftablesProblem() != null) {
            return Finding.warn("policies", UNKNOWN, SEE);
        }
        String problem = picture.policiesProblem();
        return problem == null
                ? Finding.ok("policies", "the kernel takes the table by which they are enforced")
                : Finding.fail(
                        "policies",
                        "kernel " + picture.kernelRelease() + " refuses the table by which they are enforced: "
                                + problem,
                        "use Linux 5.10 or a later one, with nft_log, nft_limit, nft_fib_inet and nft_ct, or switch policies"
                                + " off");
    }

    Finding port(int port) {
        if (picture.nftablesProblem() != null) {
            return Finding.warn("port", UNKNOWN, SEE);
        }
        List<String> blocking = picture.firewall().dropping(port);
        if (!blocking.isEmpty()) {
            return Finding.fail(
                    "port",
                    "a rule of nftables chain " + Checks.some(blocking) + " drops what comes to UDP port " + port,
                    "remove the rule, or accept UDP port " + port + " from the other nodes before it");
        }
        List<String> dropping = picture.firewall().droppingByDefault(Hook.INPUT);
        if (!dropping.isEmpty()) {
            return Finding.warn(
                    "port",
                    "nftables chain " + Checks.some(dropping) + " drops what no rule accepts",
                    "make sure that a rule accepts UDP port " + port + " from the other nodes");
        }
        return Finding.ok(
                "port", "no nftables chain or simple rule drops it; iptables, and firewalls elsewhere, are not seen");
    }

    Finding forward() {
        if (picture.nftablesProblem() != null) {
            return Finding.warn("forward", UNKNOWN, SEE);
        }
        List<String> dropping = picture.firewall().droppingByDefault(Hook.FORWARD);
        return dropping.isEmpty()
                ? Finding.ok("forward", "no nftables chain drops by default what is forwarded")
                : Finding.warn(
                        "forward",
                        "nftables chain " + Checks.some(dropping)
                                + " drops what no rule of its own accepts, pods' packets too",
                        "make sure that a rule there accepts what goes from and to the pods' network");
    }
}
