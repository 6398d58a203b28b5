package io.towpath.agent.policy.denial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.towpath.agent.policy.denial.Reasons.Reason;
import io.towpath.net.IpAddress;
import io.towpath.netlink.nflog.PacketHeader;
import io.towpath.policy.explain.Nodes;
import io.towpath.policy.facts.Facts;
import io.towpath.policy.facts.NamespaceFact;
import io.towpath.policy.facts.Peer;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.Protocol;
import io.towpath.policy.facts.RuleFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.nft.LoggedDenial;
import io.towpath.policy.ruleset.Direction;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReasonsTest {
    private static final LoggedDenial TO_POD = new LoggedDenial(Direction.INGRESS, true);
    private static final LoggedDenial FROM_POD = new LoggedDenial(Direction.EGRESS, true);
    private static final List<PodFact> PODS = List.of(pod("web", "10.0.0.1"), pod("db", "10.0.0.2"));

    private final Reasons reasons = new Reasons();

    private static PodFact pod(String name, String address) {
        return new PodFact("shop", name, Map.of("app", name), List.of(IpAddress.parse(address)), List.of(), "node");
    }

    private static Facts facts(PolicyFact... policies) {
        return new Facts(PODS, List.of(new NamespaceFact("shop", Map.of())), List.of(), List.of(policies), List.of());
    }

    /** Lets web into port 80. */
    private static PolicyFact intoDb(boolean dryRun) {
        RuleFact rule = new RuleFact(
                List.of(new Peer.Pods(null, Selector.of(Map.of("app", "web")))),
                List.of(new PortMatch.Numbered(Protocol.TCP, 80, 80)));
        return PolicyFact.of("shop", "db", Selector.of(Map.of("app", "db")), List.of(), List.of(rule), List.of())
                .withDryRun(dryRun);
    }

    private static PacketHeader tcp(String from, String to, int port) {
        return new PacketHeader(IpAddress.parse(from), IpAddress.parse(to), 6, 1024, port, 2, -1, -1);
    }

    @Test
    void policyThatDeniesIsNamedAndRemembered() {
        Facts facts = facts(intoDb(false));
        Reason reason = reasons.of(facts, Nodes.NONE, tcp("10.0.0.1", "10.0.0.2", 81), TO_POD, "shop/db");
        assertEquals(
                new Reason("shop/web (10.0.0.1)", "shop/db (10.0.0.2)", List.of("NetworkPolicy shop/db"), ""), reason);
        assertSame(reason, reasons.of(facts, Nodes.NONE, tcp("10.0.0.1", "10.0.0.2", 81), TO_POD, "shop/db"));
        assertSame(
                reason.policies(),
                reasons.of(facts, Nodes.NONE, tcp("10.0.0.1", "10.0.0.2", 82), TO_POD, "shop/db")
                        .policies());
        Reason later = reasons.of(facts(), Nodes.NONE, tcp("10.0.0.1", "10.0.0.2", 81), TO_POD, "shop/db");
        assertEquals("by now no policy denies it", later.text());
    }

    @Test
    void dryRunDeniesOnTrialOnly() {
        Facts facts = facts(intoDb(true));
        PacketHeader packet = tcp("192.0.2.1", "10.0.0.2", 80);
        LoggedDenial tried = new LoggedDenial(Direction.INGRESS, false);
        assertEquals(
                List.of("NetworkPolicy shop/db"),
                reasons.of(facts, Nodes.NONE, packet, tried, "shop/db").policies());
        assertEquals(
                List.of(),
                reasons.of(facts, Nodes.NONE, packet, TO_POD, "shop/db").policies());
    }

    @Test
    void addressThatIsNotThePodsIsSaid() {
        Reason reason = reasons.of(facts(), Nodes.NONE, tcp("10.0.0.2", "192.0.2.1", 80), FROM_POD, "shop/web");
        assertEquals("the address is not shop/web's", reason.text());
        assertEquals(List.of(), reason.policies());
    }

    @Test
    void nodeIsNamedByAllOfItsAddressesAsSoonAsItIsKnown() {
        Facts facts = facts(intoDb(false));
        IpAddress own = IpAddress.parse("192.168.0.2");
        IpAddress overlay = IpAddress.parse("10.1.2.0");
        Nodes.Node ofThePods = new Nodes.Node(
                "node", List.of(IpAddress.parse("192.168.0.1")), List.of(IpAddress.parse("10.0.0.0")), List.of());
        Nodes nodes = new Nodes(
                List.of(ofThePods, new Nodes.Node("b", List.of(own), List.of(overlay), List.of())),
                true,
                "node",
                List.of());
        PacketHeader throughTheTunnel = tcp("10.1.2.0", "10.0.0.2", 80);
        assertEquals(
                "10.1.2.0",
                reasons.of(facts, Nodes.NONE, throughTheTunnel, TO_POD, "shop/db")
                        .from());
        Reason reason = reasons.of(facts, nodes, throughTheTunnel, TO_POD, "shop/db");
        assertEquals("node b in the overlay (10.1.2.0)", reason.from());
        assertEquals(List.of("NetworkPolicy shop/db"), reason.policies());
        PacketHeader byAHostPort = tcp("192.168.0.2", "10.0.0.2", 80);
        assertEquals(
                "node b (192.168.0.2)",
                reasons.of(facts, nodes, byAHostPort, TO_POD, "shop/db").from());
    }

    @Test
    void packetWithoutPortsIsAskedForWithoutPorts() {
        PacketHeader ping =
                new PacketHeader(IpAddress.parse("10.0.0.1"), IpAddress.parse("10.0.0.2"), 1, -1, -1, -1, 8, 0);
        assertEquals(
                List.of("NetworkPolicy shop/db"),
                reasons.of(facts(intoDb(false)), Nodes.NONE, ping, TO_POD, "shop/db")
                        .policies());
    }

    @ParameterizedTest
    @CsvSource({
        "6, 80, -1, -1, 80/tcp",
        "17, 53, -1, -1, 53/udp",
        "132, 9, -1, -1, 9/sctp",
        "6, -1, -1, -1, tcp",
        "1, -1, 8, 0, icmp type 8 code 0",
        "58, -1, 128, 1, icmpv6 type 128 code 1",
        "47, -1, -1, -1, protocol 47"
    })
    void portsAreSaidAsTheyAreAskedFor(int protocol, int port, int type, int code, String text) {
        IpAddress any = IpAddress.parse("10.0.0.1");
        assertEquals(text, PortText.of(new PacketHeader(any, any, protocol, port, port, -1, type, code)));
    }
}
