package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;

/** A namespace with the table of policies, and what may be in it. */
abstract class PolicyTableScene {
    static final PolicyOptions OPTIONS = new PolicyOptions(true, 7, 1, 3);
    static final int TCP = 6;
    static final String[] ADDRESSES = {"10.1.0.1", "fd01::1"};
    final TestNamespace node = new TestNamespace();
    final Nft nft;
    final TableManager tables;
    final List<TableManager.Remake> remakes = new ArrayList<>();
    final PolicyTable table;

    PolicyTableScene() throws NetlinkException {
        try (NetNs netNs = node.open()) {
            nft = Nft.open(netNs);
            tables = TableManager.open(netNs, remakes::add);
        }
        table = table(OPTIONS);
    }

    @AfterEach
    void close() {
        nft.close();
        tables.close();
        node.close();
    }

    String nft(String... arguments) {
        List<String> command = new ArrayList<>(List.of("nft"));
        command.addAll(List.of(arguments));
        return node.execute(command.toArray(String[]::new));
    }

    String list() {
        return nft("list", "ruleset");
    }

    /** Some ports, a range, a protocol. */
    static Program web(int ports) {
        List<Program.PortRange> ranges = new ArrayList<>();
        ranges.add(new Program.PortRange(Protocol.TCP, 8000, 8100, true));
        ranges.add(new Program.PortRange(Protocol.SCTP, 0, 65535, true));
        for (int i = 0; i < ports; i++) {
            ranges.add(new Program.PortRange(Protocol.TCP, 80 + 2 * i, 80 + 2 * i, true));
        }
        return new Program("web", ranges, false);
    }

    /** Everything that a ruleset may have. */
    static Ruleset rich(int peers) {
        Program ports = web(8);
        Program dns = new Program("dns", List.of(new Program.PortRange(Protocol.UDP, 53, 53, true)), false);
        Map<IpAddress, Outcome> addresses = new LinkedHashMap<>();
        for (int i = 0; i < peers; i++) {
            Outcome outcome = i % 3 == 0 ? new Outcome.Ports(ports) : i % 3 == 1 ? Outcome.ALLOW : Outcome.DENY;
            addresses.put(IpAddress.parse("10.2.0." + i), outcome);
            addresses.put(IpAddress.parse("fd02::" + i), outcome);
        }
        Profile ingress = new Profile(
                "in-1",
                Direction.INGRESS,
                addresses,
                new Outcome.Ports(dns),
                List.of(
                        Rulesets.block("70.0.0.0", "70.0.0.255", Outcome.ALLOW),
                        Rulesets.block("70.0.1.0", "70.0.1.0", new Outcome.Ports(dns)),
                        Rulesets.block("fd70::", "fd70::ffff", Outcome.ALLOW)),
                new Outcome.Ports(dns));
        Profile egress = new Profile("out-1", Direction.EGRESS, addresses, null, List.of(), Outcome.DENY);
        Rulesets rulesets = new Rulesets();
        for (String address : ADDRESSES) {
            IpAddress parsed = IpAddress.parse(address);
            rulesets.with(new Endpoint("cali00000000001", parsed), ingress, egress);
        }
        return rulesets.withPods(IpAddress.parse("10.2.0.1"), IpAddress.parse("fd02::1"))
                .build();
    }

    /** Chains and sets whatever their order, elements whatever theirs. */
    static List<String> parts(String ruleset) {
        return List.of(ruleset.split("\n\t}\n")).stream()
                .map(part -> part.replace("table inet towpath-policy {\n", "").strip())
                .map(part -> List.of(part.split("elements = \\{|,|\\}")).stream()
                        .map(String::strip)
                        .filter(piece -> !piece.isEmpty())
                        .sorted()
                        .collect(Collectors.joining("\n")))
                .sorted()
                .toList();
    }

    /** A table of which nobody knows what there is of it, as of a process that has just begun. */
    final PolicyTable table(PolicyOptions options) {
        return new PolicyTable(tables, options, () -> {});
    }
}
