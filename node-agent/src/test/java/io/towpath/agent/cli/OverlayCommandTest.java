package io.towpath.agent.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OverlayCommandTest extends CliScene {
    private Ran sync(Path cluster) {
        return run("overlay sync", "--cluster-file", cluster.toString(), "--subnet-file", disk + "/subnet.env");
    }

    @Test
    void whatIsWrongWithTheClusterFileIsOneLine() throws Exception {
        Path cluster = Files.writeString(disk.resolve("cluster.json"), "{\n\"network\": 7\n}");
        Ran wrong = sync(cluster);
        assertEquals(Cli.FAILED, wrong.code());
        assertEquals(1, wrong.err().lines().count(), wrong::err);
        assertTrue(wrong.err().startsWith("towpath-node: cluster file " + cluster), wrong::err);
        Ran missing = sync(disk.resolve("none.json"));
        assertEquals(Cli.FAILED, missing.code());
        assertEquals(1, missing.err().lines().count(), missing::err);
        assertTrue(Files.notExists(disk.resolve("node.json")));
    }

    @Test
    void anOverlayThatIsNotOursIsShown() throws Exception {
        Ran shown = run("overlay show", "--cluster-file", disk + "/none.json", "--output", "json");
        assertEquals(Cli.OK, shown.code(), shown::err);
        assertTrue(JSON.readTree(shown.out()).path("node").isNull(), shown::out);
    }
}
