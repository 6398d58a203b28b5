package io.towpath.lab.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Command;
import io.towpath.lab.Json;
import io.towpath.lab.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The plugin of kubectl, which asks a program in kubectl's place what it would ask a cluster; {@code scripts/conformance smoke} has the
 * real one.
 */
class KubectlTowpathTest {
    private static final Path PLUGIN = Manifest.file()
            .resolveSibling("../kubectl-towpath")
            .toAbsolutePath()
            .normalize();

    /** Answers from files; what runs in a pod is the file of the pod's name. An input that is handed on ends with the file "hangup". */
    private static final String KUBECTL = """
        #!/bin/sh
        cd "$FACTS"
        echo "$*" >>asked
        case "$*" in
          *'get daemonset towpath'*) cat daemonset ;;
          *'get daemonset '*) ;;
          *'get node '*) echo node/b ;;
          *'get nodes --field-selector metadata.name='*) grep "^$(echo "$*" | sed 's/.*metadata.name=//; s/ .*//') " nodes || true ;;
          *'get nodes'*) cat nodes ;;
          *'get pods -l'*) cat agents ;;
          *'get pod web '*'-o name'*) echo pod/web ;;
          *'get pod web '*) echo b ;;
          *'get pod '*'-o name'*) ;;
          *'exec -i '*)
            shift 4; PATH=$FACTS:$PATH; ln -s "$1" towpath-node; shift 4
            while [ ! -e hangup ] && [ ! -e over ]; do sleep 0.05; done | {
              code=0; "$@" || code=$?; touch over
              [ $code = 0 ] || { echo "command terminated with exit code $code" >&2; exit $code; }
            } ;;
          *'exec '*) shift 3; pod=$1; shift 4; . "./$pod" ;;
          *) echo "error: nobody thought of: $*" >&2; exit 1 ;;
        esac
        """;

    @TempDir
    private Path folder;

    @BeforeEach
    void cluster() throws IOException {
        Files.writeString(folder.resolve("kubectl"), KUBECTL).toFile().setExecutable(true);
        fact("daemonset", "daemonset.apps/towpath\n");
        fact("nodes", "a \nb \nc no\n");
        fact("agents", "a towpath-1 running\nb towpath-2 running\n");
        fact("towpath-1", "printf '{\\n  \"is\": \"%s\"\\n}\\n' \"$*\"\n");
        fact("towpath-2", "echo \"b: $*\"; echo 'towpath-node: so' >&2; code 1\n");
        fact("asked", "");
    }

    /** What a command that ran comes to by kubectl. */
    private void fact(String name, String text) throws IOException {
        Files.writeString(
                folder.resolve(name),
                text.replaceAll("code ([0-9]+)", "echo \"command terminated with exit code $1\" >&2; exit $1"));
    }

    private Command.Outcome run(String... words) {
        return Command.of("bash", PLUGIN.toString())
                .and(words)
                .with("PATH", folder + ":/usr/bin:/bin")
                .with("FACTS", folder.toString())
                .run();
    }

    @Test
    void aNodeIsAsked() {
        Command.Outcome outcome = run("status", "b", "-o", "json").exited(1);
        assertEquals("b: towpath-node status --output json\n", outcome.out());
        assertEquals("towpath-node: so\n", outcome.err());
    }

    @Test
    void whatIsNoQuestionAsksNothing() throws IOException {
        for (List<String> words : List.of(
                List.of("status", "a", "b"),
                List.of("status", "a", "--all-nodes"),
                List.of("policy", "log", "--all-nodes", "--follow"),
                List.of("policy"),
                List.of("policy", "explian", "x/y", "x/z", "80"),
                List.of("policy", "explain", "x/y", "80"),
                List.of("policy", "log", "--pod"),
                List.of("policy", "log", "--pod", "--follow"),
                List.of("policy", "log", "--pod", "web"),
                List.of("policy", "explain", "shop/web", "db", "80"),
                List.of("status", "b", "-n", "kube-system"),
                List.of("--context", "lab", "status", "b"),
                List.of("migrate", "b", "--pods"),
                List.of("migrate", "b", "--from=weave"),
                List.of("migrate", "b", "--from", "kube-proxy", "--back"),
                List.of("migrate", "b", "--daemonset", "canal"),
                List.of("uninstall", "b", "--back"),
                List.of("uninstall", "b", "--image", "--dry-run"),
                List.of("stauts"))) {
            Command.Outcome outcome = run(words.toArray(String[]::new)).exited(2);
            assertEquals(1, outcome.err().lines().count(), outcome::err);
        }
        assertEquals("", Files.readString(folder.resolve("asked")));
    }

    @Test
    void whatIsTooMuchIsNamed() {
        assertTrue(run("status", "a", "b").exited(2).err().contains("what was given is: a b;"));
        assertTrue(
                run("policy", "explain", "web", "shop/db", "80").exited(2).err().contains(": web is neither"));
        assertTrue(run("status", "b", "-n", "kube-system").exited(2).err().contains(": -n is no option"));
    }

    @Test
    void aDaemonSetThatIsNamedIsThereOrNothingBegins() throws IOException {
        assertTrue(run("migrate", "b", "--from=flannel", "--daemonset=net/flannel")
                .exited(1)
                .err()
                .contains("there is no DaemonSet net/flannel"));
        String asked = Files.readString(folder.resolve("asked"));
        assertFalse(asked.contains("cordon") || asked.contains("label node"), asked);
    }

    @Test
    void aPodThatTheApiRefusesIsOneError() throws IOException {
        fact("daemonset", "\"towpath.io/network\"\n");
        Command.Outcome outcome = run("migrate", "b", "--from", "kube-proxy").exited(1);
        assertEquals(2, outcome.err().lines().count(), outcome::err);
        assertTrue(outcome.err().contains("pod kube-system/towpath-migrate-b cannot be made on b"), outcome::err);
        assertEquals(
                1,
                Files.readAllLines(folder.resolve("asked")).stream()
                        .filter(line -> line.contains("towpath-migrate-b"))
                        .count());
    }

    /** What is left of it would take of the agent's memory. */
    @Test
    void whatFollowsEndsOnTheNodeWithKubectl() throws IOException {
        fact("towpath-1", """
            #!/bin/sh
            trap 'echo "$*" >ended; exit 0' TERM
            touch hangup
            sleep 10 & wait $!
            touch late
            """);
        folder.resolve("towpath-1").toFile().setExecutable(true);
        run("policy", "log", "a", "--follow").succeeded();
        assertEquals("policy log --follow\n", Files.readString(folder.resolve("ended")));
        assertFalse(Files.exists(folder.resolve("late")));
    }

    /** Whoever ends the plugin, and no other process, has all of it end. */
    @Test
    void whatFollowsEndsWithThePlugin() throws Exception {
        Path kubectl = folder.resolve("kubectl");
        Files.writeString(kubectl, KUBECTL.replace("*'exec -i '*)", "*'exec -i '*) echo $$ >follows; exec cat ;; no)"));
        ProcessBuilder builder = new ProcessBuilder("bash", PLUGIN.toString(), "policy", "log", "a", "--follow");
        builder.environment().putAll(Map.of("PATH", folder + ":/usr/bin:/bin", "FACTS", folder.toString()));
        Process plugin = builder.start();
        Path follows = folder.resolve("follows");
        Await.until("kubectl follows", () -> follows.toFile().length() > 1);
        ProcessHandle asking = ProcessHandle.of(
                        Long.parseLong(Files.readString(follows).strip()))
                .orElseThrow();
        plugin.destroy();
        assertEquals(143, plugin.waitFor());
        Await.until("kubectl ends", () -> !asking.isAlive());
    }

    @Test
    void whatFollowsEndsByItself() throws IOException {
        fact("towpath-1", "#!/bin/sh\necho line; exit 3\n");
        folder.resolve("towpath-1").toFile().setExecutable(true);
        Command.Outcome outcome = run("policy", "log", "a", "--follow").exited(3);
        assertEquals("line\n", outcome.out());
        assertEquals("", outcome.err());
    }

    @Test
    void amongSeveralNodesOneIsToBeNamed() throws IOException {
        assertTrue(run("check").exited(2).err().contains("which node?"));
        fact("nodes", "a \n");
        assertTrue(run("check").succeeded().out().contains("towpath-node check"));
    }

    @Test
    void allNodesAnswerAndTheWorstCounts() throws IOException {
        Command.Outcome outcome = run("check", "--all-nodes").exited(1);
        assertEquals("""
            == a
            {
              "is": "towpath-node check"
            }
            == b
            b: towpath-node check
            """, outcome.out());
        assertEquals("""
            b: towpath-node: so
            kubectl towpath: no agent runs on c: DaemonSet kube-system/towpath has no pod there, and the node has the label towpath.io/network=no
            """, outcome.err());
        fact("towpath-2", "echo well\n");
        run("check", "--all-nodes").succeeded();
        fact("agents", "a towpath-1 running\nb towpath-2 CrashLoopBackOff\n");
        outcome = run("check", "--all-nodes").exited(1);
        assertTrue(outcome.err().contains("b: the agent does not run on b: its pod towpath-2 is CrashLoopBackOff"));
        fact("agents", "");
        assertTrue(run("check", "--all-nodes").exited(1).err().contains("no node has an agent"));
    }

    @Test
    void allNodesAnswerInLinesOfJson() throws IOException {
        fact("towpath-2", "printf 'wrong \"x\" \\\\ y\\nmore\\n' >&2; code 3\n");
        List<String> lines = run("status", "--all-nodes", "-o", "json")
                .exited(3)
                .out()
                .lines()
                .toList();
        assertEquals(2, lines.size(), lines::toString);
        assertEquals(
                "towpath-node status --output json",
                Json.read(lines.get(0)).at("/output/is").asText());
        assertEquals(0, Json.read(lines.get(0)).path("exit").asInt());
        assertEquals(
                "wrong \"x\" \\ y more",
                Json.read(lines.get(1)).path("error").asText().strip());
    }

    @Test
    void moreNodesThanAreAskedAtOnce() throws IOException {
        StringBuilder nodes = new StringBuilder();
        StringBuilder agents = new StringBuilder();
        for (int i = 10; i < 35; i++) {
            nodes.append("n").append(i).append(" \n");
            agents.append("n").append(i).append(" towpath-1 running\n");
        }
        fact("nodes", nodes.toString());
        fact("agents", agents.toString());
        List<String> heads = run("ipam", "list", "--all-nodes")
                .succeeded()
                .out()
                .lines()
                .filter(line -> line.startsWith("=="))
                .toList();
        assertEquals(25, heads.size(), heads::toString);
        assertEquals(heads.stream().sorted().toList(), heads);
    }

    /** 1 would say that the connection is denied. */
    @Test
    void anExplanationIsOfTheTargetsNodeAndNothingElseIsADenial() throws IOException {
        assertEquals(
                "b: towpath-node policy explain 10.0.0.1 shop/web 80\n",
                run("policy", "explain", "10.0.0.1", "shop/web", "80").exited(1).out());
        assertEquals(
                "b: towpath-node policy explain shop/web 10.0.0.1 80\n",
                run("policy", "explain", "shop/web", "10.0.0.1", "80").exited(1).out());
        run("policy", "explain", "10.0.0.1", "shop/web", "80", "a").succeeded();
        assertTrue(run("policy", "explain", "shop/web", "shop/db", "80")
                .exited(2)
                .err()
                .contains("there is no pod shop/db"));
        run("policy", "explain", "shop/web", "shop/web", "80", "c").exited(2);
        fact("towpath-2", "echo 'error: unable to upgrade connection' >&2; exit 1\n");
        assertTrue(run("policy", "explain", "shop/web", "shop/web", "80")
                .exited(2)
                .err()
                .contains("b could not be asked: error: unable"));
        assertTrue(run("policy", "log", "--pod", "shop/web").exited(1).err().contains("b could not be asked"));
        fact("daemonset", "");
        run("policy", "explain", "shop/web", "shop/web", "80").exited(2);
    }

    @Test
    void anApiThatGivesNoAnswerIsNotTakenForAnEmptyOne() throws IOException {
        Files.writeString(folder.resolve("kubectl"), "#!/bin/sh\necho 'connection refused' >&2\nexit 1\n");
        for (List<String> words : List.of(List.of("status", "a"), List.of("migrate", "a"), List.of("uninstall", "a"))) {
            Command.Outcome outcome = run(words.toArray(String[]::new)).exited(1);
            assertTrue(outcome.err().contains("the API could not be asked"), outcome::err);
            assertFalse(outcome.err().contains("there is no"), outcome::err);
        }
    }

    @Test
    void krewFindsWhatTheReleasesArchiveHas() throws IOException {
        String filled = Files.readString(PLUGIN.resolveSibling("krew.yaml"))
                .replaceAll("\\{\\{addURIAndSha .*", "uri: https://example.org/v0.1.0.tar.gz\n    sha256: \"0\"")
                .replace("{{ .TagName }}", "v0.1.0");
        JsonNode spec = Manifest.documents(filled).getFirst().path("spec");
        JsonNode platform = spec.at("/platforms/0");
        assertEquals(
                "[\"darwin\",\"linux\"]",
                platform.at("/selector/matchExpressions/0/values").toString());
        assertEquals("0", platform.path("sha256").asText());
        assertEquals("kubectl-towpath", platform.path("bin").asText());
        assertTrue(spec.path("shortDescription").asText().length() <= 50, "krew search shows no more of it");
        List<String> files = platform.path("files").findValuesAsText("from");
        assertTrue(files.contains("*/conf/" + platform.path("bin").asText()), files::toString);
        for (String file : files) {
            assertTrue(Files.isRegularFile(PLUGIN.resolve("../..").normalize().resolve(file.substring(2))), file);
        }
        assertTrue(Files.isExecutable(PLUGIN));
    }
}
