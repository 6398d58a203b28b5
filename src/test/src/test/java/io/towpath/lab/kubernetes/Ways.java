package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import io.towpath.lab.Namespace;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** From networks to pages, all asked at once: no API is needed for it. */
final class Ways {
    /** A second try has more time: the first packet may find a neighbour that the node does not know yet. */
    private static final String SCRIPT = """
            ask() {
              for seconds in 1 3; do
                got=$(curl -gs --noproxy '*' --max-time "$seconds" "$2")
                [[ -n $got && $got == "$3"* ]] && return
              done
              echo "$1 $got"
            }
            export -f ask
            xargs -P 32 -L 1 bash -c 'ask "$@"' ask
            """;

    private final Map<String, List<Way>> byClient = new LinkedHashMap<>();
    private final Map<String, Namespace> clients = new LinkedHashMap<>();

    /** @param answer what the page must begin with */
    private record Way(String to, String url, String answer) {}

    /** Adds one, to a page that tells the name of who answers. */
    void add(String from, Namespace client, String to, String address, int port, String answer) {
        clients.put(from, client);
        String url = "http://" + Settings.inUrl(address) + ":" + port + "/hostname";
        byClient.computeIfAbsent(from, _ -> new ArrayList<>()).add(new Way(to, url, answer));
    }

    int count() {
        return byClient.values().stream().mapToInt(List::size).sum();
    }

    /** Those on which nobody answers, or somebody else; empty if all is well. */
    List<String> silent() {
        List<String> silent = new ArrayList<>();
        byClient.forEach((from, ways) -> {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < ways.size(); i++) {
                lines.append(i)
                        .append(' ')
                        .append(ways.get(i).url)
                        .append(' ')
                        .append(ways.get(i).answer)
                        .append('\n');
            }
            Command command =
                    Command.of("bash", "-c", SCRIPT).stdin(lines.toString().getBytes(StandardCharsets.UTF_8));
            Namespace client = Objects.requireNonNull(clients.get(from));
            client.inside(command).run().succeeded().out().lines().forEach(line -> {
                int space = line.indexOf(' ');
                Way way = ways.get(Integer.parseInt(line.substring(0, space)));
                silent.add(from + " -> " + way.to + " (" + way.url + "): "
                        + (space + 1 < line.length() ? line.substring(space + 1) : "no answer"));
            });
        });
        return silent;
    }

    /** Asks all until everybody answers. */
    void awaitAll(KubeCluster cluster) {
        List<String> last = new ArrayList<>();
        cluster.await(
                "everybody answers",
                () -> {
                    last.clear();
                    last.addAll(silent());
                    return last.isEmpty();
                },
                () -> String.join("\n", last));
    }
}
