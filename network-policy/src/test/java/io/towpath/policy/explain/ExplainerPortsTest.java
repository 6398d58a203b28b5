package io.towpath.policy.explain;

import static io.towpath.policy.explain.ExplainerScene.ask;
import static io.towpath.policy.explain.ExplainerScene.blockIntoDb;
import static io.towpath.policy.explain.ExplainerScene.facts;
import static io.towpath.policy.explain.ExplainerScene.intoDb;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.policy.facts.Protocol;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which port is asked about. */
class ExplainerPortsTest {
    @Test
    void icmpHasNoPorts() {
        assertEquals(
                """
                denied: shop/web (10.0.0.1) to shop/db (10.0.0.2), ICMP
                  egress of shop/web: allowed
                    no NetworkPolicy isolates it
                  ingress of shop/db: denied
                    NetworkPolicy shop/db spec.ingress[0] allows nothing: except 10.8.0.0/24 is outside of 10.9.0.0/16
                    NetworkPolicy shop/db spec.ingress[1] is about ports, and ICMP has none
                    isolated by NetworkPolicy shop/db, of whose rules none allows it
                """,
                ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "icmp")
                        .toString());
        assertTrue(ask(facts(List.of(blockIntoDb("10.0.0.0/24"))), "shop/web", "shop/db", "ICMPv6")
                .allowed());
    }

    @Test
    void aNamedPortIsTheReceivers() {
        Explanation named = ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "sql");
        assertTrue(named.allowed());
        assertTrue(
                named.toString()
                        .startsWith("allowed: shop/web (10.0.0.1) to shop/db (10.0.0.2), port sql (5432/TCP)\n"),
                named::toString);
        assertEquals(new PortQuestion(Protocol.TCP, 5432, "sql"), named.port());
        assertEquals(
                named,
                ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "SQL/tcp"),
                "whatever its case, and with its protocol");
    }

    @Test
    void sctpIsExplained() {
        Explanation sctp = ask(facts(List.of(intoDb(false))), "shop/web", "shop/db", "5432/sctp");
        assertFalse(sctp.allowed());
        assertTrue(sctp.toString().contains(", port 5432/SCTP\n"), sctp::toString);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            80/icmp    | ICMP has no ports: ask for icmp, not for 80/icmp
            http/ICMP  | ICMP has no ports: ask for icmp, not for http/ICMP
            sctp       | sctp needs a port: 80/sctp, or a port's name
            80/quic    | protocol "quic" is none of tcp, udp, sctp, icmp
            65536      | "65536" is no port from 0 to 65535, and no name of a port
            -1         | "-1" is no port from 0 to 65535, and no name of a port
            a_b        | "a_b" is no port from 0 to 65535, and no name of a port
            http       | shop/db has no port http: it names sql (5432/tcp)
            sql/udp    | shop/db has no port sql/udp: it names sql (5432/tcp)
            """)
    void whatPortIsMeantIsNotGuessed(String port, String message) {
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> ask(facts(List.of()), "shop/web", "shop/db", port));
        assertEquals(message, e.getMessage());
    }

    @Test
    void aNameIsAskedOfPodsOnly() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> ask(facts(List.of()), "shop/web", "192.0.2.1", "sql"));
        assertEquals(
                "\"sql\" is a name, and 192.0.2.1 is no pod that names its ports: ask for a number", e.getMessage());
    }
}
