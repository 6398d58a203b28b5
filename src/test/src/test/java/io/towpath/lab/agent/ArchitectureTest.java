package io.towpath.lab.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.lab.Await;
import io.towpath.lab.Dockerfile;
import io.towpath.lab.Json;
import io.towpath.lab.OnLab;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

/** What {@code docs/ARCHITECTURE.md} says of base chains and threads is what a node has. */
@OnLab
class ArchitectureTest {
    /** Hook, priorities, table, chains. */
    private static final Pattern CHAINS =
            Pattern.compile("(?m)^\\| (\\w+)[^|]*\\| ([-0-9, ]+)[^|]*\\| `(towpath-[a-z-]+)` ([^|]+)\\|");

    private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");

    private static final String DRY_RUN = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: tried, namespace: lab, annotations: {towpath.io/dry-run: "true"}}
            spec: {podSelector: {}}
            """;

    @AutoClose
    private final PolicyLab lab = new PolicyLab(true, true);

    private final String page = Files.readString(Dockerfile.project().resolve("docs/ARCHITECTURE.md"));

    ArchitectureTest() throws IOException {}

    @Test
    void baseChainsAreThoseOfThePage() {
        lab.pod(
                lab.a,
                "shop",
                "shop",
                Map.of("portMappings", "[{'hostPort': 8080, 'containerPort': 80, 'protocol': 'tcp'}]"));
        lab.api.apply(DRY_RUN);
        Await.until(
                "the dry run has its table",
                () -> lab.a.namespace().run("nft", "list tables").contains("towpath-policy-trial"));
        Set<String> chains = new TreeSet<>();
        for (JsonNode object :
                Json.read(lab.a.namespace().run("nft", "-j", "list chains")).path("nftables")) {
            JsonNode chain = object.path("chain");
            if (chain.has("hook")) {
                boolean isOfALink = chain.path("family").asText().equals("netdev");
                chains.add(String.join(
                        " ",
                        chain.path("hook").asText(),
                        chain.path("prio").asText(),
                        chain.path("table").asText(),
                        isOfALink ? "<link>" : chain.path("name").asText()));
            }
        }
        Set<String> told = new TreeSet<>();
        for (MatchResult row : CHAINS.matcher(page).results().toList()) {
            String[] priorities = row.group(2).strip().split(", ", -1);
            List<String> names = quoted(row.group(4));
            assertEquals(priorities.length, names.size(), row.group());
            for (int i = 0; i < priorities.length; i++) {
                told.add(String.join(" ", row.group(1), priorities[i], row.group(3), names.get(i)));
            }
        }
        assertEquals(chains, told);
    }

    @Test
    void threadsAreThoseOfThePage() {
        String threads = page.substring(page.indexOf("## Threads"));
        Set<String> told = new TreeSet<>();
        threads.substring(0, threads.indexOf("\n## "))
                .lines()
                .filter(line -> line.startsWith("| `"))
                .forEach(line -> told.addAll(quoted(line.split("\\|", -1)[1])));
        // In place of kubernetes where a cluster file rules, and the one that nobody waits for.
        told.removeAll(Set.of("cluster-file", "cache"));
        String health = lab.agent.page("healthz").strip();
        assertEquals(
                new TreeSet<>(
                        Arrays.asList(health.replaceFirst("^ok; threads: ", "").split(", ", -1))),
                told);
    }

    private static List<String> quoted(String text) {
        return QUOTED.matcher(text).results().map(found -> found.group(1)).toList();
    }
}
