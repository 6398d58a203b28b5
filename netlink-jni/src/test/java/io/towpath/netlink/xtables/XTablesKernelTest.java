package io.towpath.netlink.xtables;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With the real kernel's tables, and the programs of iptables-legacy as witnesses. */
@NeedsRoot
class XTablesKernelTest {
    private final TestNamespace node = new TestNamespace();

    @AfterEach
    void close() {
        node.close();
    }

    private void tables(boolean ipv6, String rules) {
        String program = ipv6 ? "ip6tables-legacy" : "iptables-legacy";
        rules.strip().lines().forEach(line -> node.execute("sh", "-c", program + " -w 5 " + line.strip()));
    }

    private String saved(boolean ipv6, String table) {
        return node.execute(ipv6 ? "ip6tables-legacy-save" : "iptables-legacy-save", "-c", "-t", table)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .collect(Collectors.joining("\n"));
    }

    private static String scene(boolean ipv6) {
        String net = ipv6 ? "fd00::/64" : "10.0.0.0/8";
        return """
                -N KUBE-FORWARD
                -N cali-FORWARD
                -N cali-fw-x
                -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
                -A cali-FORWARD -m comment --comment cali:one -g cali-fw-x
                -A cali-FORWARD -m comment --comment cali:two -j KUBE-FORWARD
                -A cali-fw-x -m comment --comment cali:three -j DROP
                -A FORWARD -m comment --comment cali:four -j cali-FORWARD
                -A FORWARD -m comment --comment "default/scaling cali web" -j KUBE-FORWARD
                -A FORWARD -m comment --comment cali:five -m comment --comment "Policy explicitly accepted packet." -j ACCEPT
                -A FORWARD -s NET -c 7 4242
                -A FORWARD -j LOG --log-prefix "cali:"
                -P INPUT DROP
                -A OUTPUT -p tcp --dport 80 -j RETURN
                """.replace("NET", net);
    }

    private static final Set<String> CALICO = Set.of("cali-FORWARD", "cali-fw-x");

    /** Rules that lead to its chains or bear its comments. */
    private static Set<XRule> calico(XTable table) {
        return table.rules().stream()
                .filter(rule -> CALICO.contains(rule.jump())
                        || rule.comments().stream().anyMatch(comment -> comment.startsWith("cali:")))
                .collect(Collectors.toCollection(HashSet::new));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsNamedGoesAndAllElseStays(boolean ipv6) throws Exception {
        tables(ipv6, scene(ipv6));
        List<String> others = saved(ipv6, "filter")
                .lines()
                .filter(line -> !line.contains("cali-") && !line.contains("--comment \"cali:"))
                .toList();
        assertTrue(others.toString().contains("[7:4242]"), others.toString());
        node.inside(() -> {
            assertEquals(List.of("filter"), XTables.names(ipv6));
            assertEquals(List.of(), XTables.names(!ipv6));
            try (XTables tables = XTables.open(ipv6)) {
                XTable table = tables.read("filter");
                assertEquals(List.of("KUBE-FORWARD", "cali-FORWARD", "cali-fw-x"), table.chains());
                assertTrue(
                        table.rules()
                                .contains(new XRule("FORWARD", "KUBE-FORWARD", List.of("default/scaling cali web"))),
                        table.rules().toString());
                assertEquals(10, table.rules().size());
                tables.remove(table, CALICO, calico(table));
            }
        });
        assertEquals(others, saved(ipv6, "filter").lines().toList());
    }

    /** In their order, with the policy; of each whether it is for all packets. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatBecomesOfPacketsIsRead(boolean ipv6) throws Exception {
        String net = ipv6 ? "fd00::/64" : "10.0.0.0/8";
        tables(ipv6, """
                -N OWN
                -A OWN -j RETURN
                -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
                -A INPUT -i lo -j ACCEPT
                -A INPUT -p tcp -j OWN
                -A INPUT ! -i eth0 -j OWN
                -A INPUT -s NET -g OWN
                -A INPUT -d NET
                -A INPUT -m comment --comment all -g OWN
                -A INPUT -j REJECT
                -P FORWARD DROP
                """.replace("NET", net));
        node.inside(() -> {
            try (XTables tables = XTables.open(ipv6)) {
                XTable table = tables.read("filter");
                assertEquals(
                        List.of(
                                "-A INPUT ... -j ACCEPT",
                                "-A INPUT ... -j ACCEPT",
                                "-A INPUT ... -j OWN",
                                "-A INPUT ... -j OWN",
                                "-A INPUT ... -j OWN",
                                "-A INPUT ...",
                                "-A INPUT -j OWN",
                                "-A INPUT -j REJECT",
                                "-P INPUT ACCEPT"),
                        texts(table, "INPUT"));
                assertEquals(List.of("-P FORWARD DROP"), texts(table, "FORWARD"));
                assertEquals(List.of("-A OWN -j RETURN"), texts(table, "OWN"));
            }
        });
    }

    private static List<String> texts(XTable table, String chain) {
        return table.steps(chain).stream().map(XStep::toString).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsRemovedFromATableThatChanged(boolean ipv6) throws Exception {
        tables(ipv6, scene(ipv6));
        node.inside(() -> {
            try (XTables tables = XTables.open(ipv6)) {
                XTable table = tables.read("filter");
                tables(ipv6, "-A INPUT -j ACCEPT");
                String before = saved(ipv6, "filter");
                LinuxException refused =
                        assertThrows(LinuxException.class, () -> tables.remove(table, CALICO, calico(table)));
                assertEquals(Errno.EAGAIN, refused.errno());
                assertEquals(before, saved(ipv6, "filter"));
            }
        });
    }
}
