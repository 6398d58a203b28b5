package io.towpath.agent.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.check.Finding.Verdict;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.TestNamespace;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.UnderlayChoice;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Rules that iptables-legacy makes, on the real kernel. */
@NeedsRoot
class LegacyCheckKernelTest {
    private static final Cluster CLUSTER = new Cluster(
            List.of(IpPrefix.parse("10.244.0.0/16")),
            "a",
            UnderlayChoice.AUTOMATIC,
            1,
            4789,
            0,
            false,
            false,
            false,
            List.of(new Cluster.Node(
                    "a",
                    List.of(IpPrefix.parse("10.244.1.0/24")),
                    List.of(IpAddress.parse("192.168.0.1")),
                    null,
                    null)));

    private static final String KUBE_PROXY =
            "iptables-legacy -N KUBE-FORWARD & iptables-legacy -A KUBE-FORWARD -j ACCEPT"
                    + " & iptables-legacy -A FORWARD -j KUBE-FORWARD";

    /** What RHEL and Oracle Linux ship. */
    private static final String OF_RHEL = "iptables-legacy -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT"
            + " & iptables-legacy -A INPUT -p icmp -j ACCEPT & iptables-legacy -A INPUT -i lo -j ACCEPT"
            + " & iptables-legacy -A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT"
            + " & iptables-legacy -A INPUT -j REJECT --reject-with icmp-host-prohibited";

    /** What is there; the verdict, and what it says. */
    static final List<String> FOUND = List.of(
            "true => OK no rules but",
            KUBE_PROXY + " => OK no rules but",
            OF_RHEL + " => WARN not followed: iptables-legacy -A INPUT -j REJECT",
            OF_RHEL + " & iptables-legacy -A FORWARD -j REJECT --reject-with icmp-host-prohibited"
                    + " => FAIL drops packets of pods or of the overlay: iptables-legacy -A FORWARD -j REJECT",
            KUBE_PROXY + " & iptables-legacy -P FORWARD DROP => FAIL iptables-legacy -P FORWARD DROP",
            "iptables-legacy -N DOCKER & iptables-legacy -A FORWARD -j DOCKER & iptables-legacy -P FORWARD DROP"
                    + " => WARN not followed: iptables-legacy -P FORWARD DROP",
            "iptables-legacy -A INPUT -j LOG & iptables-legacy -A INPUT -m comment --comment end -j DROP"
                    + " => WARN not followed: iptables-legacy -A INPUT -j DROP",
            "iptables-legacy -A INPUT -m comment --comment end -j DROP => FAIL iptables-legacy -A INPUT -j DROP",
            "iptables-legacy -A INPUT -j ACCEPT & iptables-legacy -A INPUT -j DROP"
                    + " => WARN rules of others are not followed: iptables-legacy -A INPUT -j ACCEPT",
            "iptables-legacy -A INPUT -p tcp -j DROP => WARN rules of others are not followed: iptables-legacy -A INPUT ... -j DROP",
            "ip6tables-legacy -A INPUT -j DROP => OK no rules but");

    @AutoClose
    private final TestNamespace node = new TestNamespace();

    private Finding found(String commands) throws Exception {
        for (String command : commands.split(" & ", -1)) {
            node.execute(command.split(" "));
        }
        AtomicReference<@Nullable Finding> finding = new AtomicReference<>();
        node.inside(() -> finding.set(LegacyCheck.of(CLUSTER)));
        return Objects.requireNonNull(finding.get());
    }

    @ParameterizedTest
    @FieldSource("FOUND")
    void whatItsRulesDo(String example) throws Exception {
        String[] parts = example.split(" => ", -1);
        Finding finding = found(parts[0]);
        assertEquals(Verdict.valueOf(parts[1].replaceFirst(" .*", "")), finding.verdict(), finding::toString);
        assertTrue(finding.found().contains(parts[1].replaceFirst("\\w+ ", "")), finding::toString);
    }

    /** A node that follows the advice is well, or has a warning. */
    @Test
    void theMendHelps() throws Exception {
        Finding finding = found(KUBE_PROXY + " & iptables-legacy -A INPUT -j DROP & iptables-legacy -P FORWARD DROP");
        assertTrue(
                finding.mend().startsWith("iptables-legacy -I INPUT -p udp --dport 4789 -j ACCEPT,"), finding.mend());
        finding = found("iptables-legacy -F INPUT");
        assertTrue(finding.mend().contains("-I FORWARD -s 10.244.0.0/16 -j ACCEPT && "), finding.mend());
        finding = found(finding.mend().replaceFirst(",.*", "").replace("&&", "&"));
        assertEquals(Verdict.WARN, finding.verdict(), finding::toString);
    }
}
