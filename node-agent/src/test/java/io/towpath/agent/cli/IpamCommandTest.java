package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.cni.cli.Cli;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamConfigReader;
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
        assertTrue(lines.get(4).startsWith("10.1.2.2  shop/web  c1         eth0       2"), lines.get(4));
        JsonNode json = JSON.readTree(
                run("ipam list --output json", "--cni-conf", conflist().toString(), "--results-dir", results)
                        .out());
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
}
