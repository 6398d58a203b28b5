package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.TestNamespace;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableManager;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Outcome;
import io.towpath.policy.ruleset.Profile;
import io.towpath.policy.ruleset.Program;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How long the kernel takes for the policies of a node, in a namespace of its own. Arguments: endpoints, peers of each profile, how
 * many profiles there are in each direction, and how many different ports the peers have.
 */
public final class PolicyTableBench {
    private static final int CHANGES = 50;

    private PolicyTableBench() {}

    /** Prints a line for each measurement. */
    public static void main(String[] arguments) throws Exception {
        int endpoints = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 110;
        int peers = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10_000;
        int profiles = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1;
        int different = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 1;
        for (int ports : new int[] {0, different}) {
            String what = endpoints + " endpoints, " + 2 * profiles + " profiles of " + peers + " peers"
                    + (ports > 0 ? " and their ports, " + ports + " different: " : ": ");
            try (TestNamespace node = new TestNamespace();
                    NetNs netNs = node.open();
                    TableManager tables = TableManager.open(netNs, remake -> {
                        throw new AssertionError(remake);
                    })) {
                PolicyTable table = new PolicyTable(tables, PolicyOptions.silent(), () -> {});
                List<Ruleset> rulesets = new ArrayList<>();
                for (int i = 0; i <= CHANGES; i++) {
                    rulesets.add(ruleset(endpoints, peers + i % 2, profiles, ports));
                }
                report(what + "program all", table, rulesets.get(0));
                report(what + "nothing to do", table, rulesets.get(0));
                long[] micros = new long[CHANGES];
                for (int i = 0; i < CHANGES; i++) {
                    long began = System.nanoTime();
                    table.sync(rulesets.get(i + 1));
                    micros[i] = (System.nanoTime() - began) / 1000;
                }
                Arrays.sort(micros);
                System.out.println(what + "one peer more or fewer in all profiles: median " + micros[CHANGES / 2]
                        + " us, worst " + micros[CHANGES - 1] + " us");
                report(
                        what + "read after a restart",
                        new PolicyTable(tables, PolicyOptions.silent(), () -> {}),
                        rulesets.get(0));
                node.execute("nft", "delete", "table", "inet", PolicyTable.NAME);
                report(what + "deleted table repaired", table, rulesets.get(0));
            }
        }
    }

    private static void report(String what, PolicyTable table, Ruleset ruleset) throws Exception {
        long began = System.nanoTime();
        ManagedTable.Outcome outcome = table.sync(ruleset);
        System.out.println(what + ": " + (System.nanoTime() - began) / 1000 + " us, " + outcome);
    }

    private static Outcome web(int port) {
        return new Outcome.Ports(new Program(
                "web-" + port,
                List.of(
                        new Program.PortRange(Protocol.TCP, port, port, true),
                        new Program.PortRange(Protocol.TCP, 443, 443, true)),
                false));
    }

    private static Ruleset ruleset(int endpoints, int peers, int profiles, int ports) {
        Map<IpAddress, Outcome> addresses = new LinkedHashMap<>();
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < ports; i++) {
            outcomes.add(web(8000 + i));
        }
        for (int i = 0; i < peers; i++) {
            addresses.put(
                    IpAddress.parse("10.2." + i / 250 + "." + i % 250),
                    ports > 0 ? outcomes.get(i % ports) : Outcome.ALLOW);
        }
        List<Profile> ingress = new ArrayList<>();
        List<Profile> egress = new ArrayList<>();
        for (int i = 0; i < profiles; i++) {
            ingress.add(Rulesets.profile("in-" + i, Direction.INGRESS, addresses));
            egress.add(Rulesets.profile("out-" + i, Direction.EGRESS, addresses));
        }
        Rulesets rulesets = new Rulesets();
        for (int i = 0; i < endpoints; i++) {
            String name = "cali" + "0".repeat(7) + (1000 + i);
            Endpoint endpoint = new Endpoint(name, IpAddress.parse("10.1.0." + (i + 1)));
            rulesets.with(endpoint, ingress.get(i % profiles), egress.get(i % profiles));
        }
        return rulesets.build();
    }
}
