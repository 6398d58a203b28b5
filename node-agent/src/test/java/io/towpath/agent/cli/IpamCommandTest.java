package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfigReader;
import io.towpath.ipam.LeaseFile;
import io.towpath.ipam.NodeState;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class IpamCommandTest extends CliScene {
    @Test
    void leasesAndHowFullTheRangesAre() throws Exception {
        nodeState();
        JsonNode conf = IpamCommand.network(conflist().toString()).conf();
        HostLocal.of(conf)
                .allocate(new IpamConfigReader(disk + "/node.json", "").read(conf, ""), new Attachment("c1", "eth0"));
        Files.writeString(Files.createDirectories(disk.resolve("results")).resolve("net-c1-eth0"), """
            {"kind": "cniCacheV1", "cniArgs": [["IgnoreUnknown", "1"], ["K8S_POD_NAMESPACE", "shop"], ["K8S_POD_NAME", "web"]]}
            """);
        String results = disk.resolve("results").toString();
        Ran text = run("ipam list", "--cni-conf", conflist().toString(), "--results-dir", results);
        assertEquals(Cli.OK, text.code(), text::err);
        List<String> lines = text.out().lines().toList();
        assertEquals("NETWORK  RANGE                LEASED  OF   FULL", lines.get(0));
        assertEquals("net      10.1.2.1-10.1.2.254  1       253  0 %", lines.get(1));
        assertTrue(lines.get(4).startsWith("net      10.1.2.2  shop/web  c1         eth0       2"), lines.get(4));
        JsonNode json = JSON.readTree(
                run("ipam list --output json", "--cni-conf", conflist().toString(), "--results-dir", results)
                        .out());
        assertEquals("net", json.path("leases").path(0).path("network").asText());
        assertEquals("shop/web", json.path("leases").path(0).path("pod").asText());
        assertEquals("10.1.2.2", json.path("leases").path(0).path("address").asText());
        assertEquals(253, json.path("ranges").path(0).path("capacity").asInt());
        assertEquals(1, json.path("ranges").path(0).path("taken").asInt());
        Files.writeString(disk.resolve("results/net-c1-eth0"), "{\"kind\": \"cniCac");
        text = run("ipam list", "--cni-conf", conflist().toString(), "--results-dir", results);
        assertTrue(text.out().contains("10.1.2.2  -    c1 "), text::out);
        json = JSON.readTree(
                run("ipam list --output json", "--cni-conf", conflist().toString())
                        .out());
        assertTrue(json.path("leases").path(0).path("pod").isNull(), json::toString);
    }

    @Test
    void aMissingOrWrongConflistIsOneLine() throws Exception {
        Ran missing = run("ipam list", "--cni-conf", disk + "/none");
        assertEquals(
                new Ran(
                        Cli.FAILED,
                        "",
                        "towpath-node: there is no conflist " + disk + "/none: name another with --cni-conf\n"),
                missing);
        Path other =
                Files.writeString(disk.resolve("other"), "{\"name\": \"n\", \"plugins\": [{\"type\": \"calico\"}]}");
        assertEquals(
                "towpath-node: conflist " + other + " has no plugin of type towpath\n",
                run("ipam list", "--cni-conf", other.toString()).err());
        Path torn = Files.writeString(disk.resolve("torn"), "{\n");
        Ran wrong = run("ipam list", "--cni-conf", torn.toString());
        assertEquals(1, wrong.err().lines().count(), wrong::err);
    }

    private void lease(String network, String container) throws Exception {
        JsonNode conf = JSON.readTree("{\"name\": \"" + network + "\", \"ipam\": {\"type\": \"host-local\","
                + " \"subnet\": \"usePodCidr\", \"dataDir\": \"" + disk + "\"}}");
        NodeState state = new NodeState(List.of(IpPrefix.parse("10.1.2.0/24")), 1450);
        HostLocal.of(conf).allocate(new IpamConfigReader(state).read(conf, ""), new Attachment(container, "eth0"));
    }

    @Test
    void leasesOfAFolderAreThoseOfAllNetworks() throws Exception {
        lease("net-a", "c1");
        lease("net-b", "c2");
        Ran ran = run("ipam list", "--data-dir", disk.toString());
        assertEquals(Cli.OK, ran.code(), ran::err);
        List<String> lines = ran.out().lines().toList();
        assertEquals(3, lines.size(), ran::out);
        assertEquals("NETWORK  ADDRESS   POD  CONTAINER  INTERFACE  SINCE", lines.get(0));
        assertTrue(lines.get(1).startsWith("net-a    10.1.2.2  -    c1         eth0       2"), lines.get(1));
        assertTrue(lines.get(2).startsWith("net-b    10.1.2.2  -    c2 "), lines.get(2));
    }

    @Test
    void leasesOfOneNetworkOfAFolderAsJson() throws Exception {
        lease("net-a", "c1");
        lease("net-b", "c2");
        JsonNode json =
                JSON.readTree(run("ipam list", "--data-dir", disk.toString(), "--network", "net-b", "--output", "json")
                        .out());
        assertTrue(json.path("ranges").isArray() && json.path("ranges").isEmpty(), json::toString);
        JsonNode leases = json.path("leases");
        assertEquals(1, leases.size());
        assertEquals("net-b", leases.get(0).path("network").asText());
        assertEquals("10.1.2.2", leases.get(0).path("address").asText());
        assertEquals("c2", leases.get(0).path("containerID").asText());
        assertEquals("eth0", leases.get(0).path("ifname").asText());
    }

    @Test
    void aNetworkThatIsNamedIsThere() throws Exception {
        lease("net-a", "c1");
        Ran ran = run("ipam list", "--data-dir", disk.toString(), "--network", "net-b");
        assertEquals(
                new Ran(Cli.FAILED, "", "towpath-node: there is no network net-b in " + disk + ": there is net-a\n"),
                ran);
        ran = run("ipam list", "--data-dir", disk + "/none", "--network", "net-b");
        assertEquals(Cli.FAILED, ran.code());
        assertTrue(ran.err().endsWith(": there is none\n"), ran::err);
        ran = run("ipam list", "--cni-conf", conflist().toString(), "--network", "net");
        assertEquals(Cli.USAGE, ran.code());
        assertTrue(ran.err().contains("is heeded with --data-dir alone"), ran::err);
    }

    @Test
    void noLeases() throws Exception {
        assertEquals(new Ran(Cli.OK, "no leases\n", ""), run("ipam list", "--data-dir", disk + "/none"));
        JsonNode json = JSON.readTree(
                run("ipam list", "--data-dir", disk + "/none", "--output=json").out());
        assertTrue(json.path("leases").isArray() && json.path("leases").isEmpty(), json::toString);
    }

    @Test
    void aLeaseThatCannotBeReadIsListed() {
        IpAddress address = IpAddress.parse("10.1.2.3");
        LeaseFile file = new LeaseFile(
                address, LeaseFile.State.UNREADABLE, new Attachment("", ""), 1, 1_500_000_000_000_000_000L);
        LeaseFile torn = new LeaseFile(address, LeaseFile.State.TORN, new Attachment("", ""), 1, 0);
        List<LeaseRow> rows = LeaseRow.of(List.of(torn, file), "net-a", new PodNames(disk.toString()));
        assertEquals(1, rows.size());
        assertEquals(
                List.of("net-a", "10.1.2.3", "-", "?", "?", "2017-07-14T02:40:00Z"),
                rows.getFirst().columns());
        ObjectNode json = JSON.createObjectNode();
        rows.getFirst().fill(json);
        assertTrue(json.path("containerID").isNull(), json::toString);
        assertTrue(LeaseRow.remark(rows).contains("1 could not be read (?): run this as root"));
        assertEquals("", LeaseRow.remark(List.of()));
    }
}
