package io.towpath.lab.kubernetes;

import io.towpath.lab.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Follows the addresses of all pods, and finds those that two pods had at the same time. */
final class AddressWatch {
    private static final String COLUMNS =
            "{.type} {.object.metadata.namespace}/{.object.metadata.name}/{.object.metadata.uid}"
                    + " {.object.spec.hostNetwork}/{.object.metadata.deletionTimestamp}/{.object.status.phase} {.object.status.podIPs[*].ip}{\"\\n\"}";

    private final Path log;

    /** Begins. */
    AddressWatch(KubeCluster cluster) {
        log = cluster.logs().resolve("addresses.log");
        Command command = cluster.controlPlane()
                .kubectlCommand("get", "pods", "-A", "--watch", "--output-watch-events", "-o", "jsonpath=" + COLUMNS);
        var _ = cluster.controlPlane().namespace().background(command, log);
    }

    /** Addresses that two pods had which run and are not being deleted, a line each. */
    List<String> twice() throws IOException {
        List<String> twice = new ArrayList<>();
        Map<String, List<String>> pods = new HashMap<>();
        int events = 0;
        for (String line : Files.readAllLines(log)) {
            String[] fields = line.split(" ", -1);
            if (fields.length < 4) {
                continue;
            }
            events++;
            boolean isLive = !fields[0].equals("DELETED") && fields[2].matches("(false)?//(Running|Pending)");
            pods.remove(fields[1]);
            if (isLive && !fields[3].isEmpty()) {
                List<String> own = List.of(fields).subList(3, fields.length);
                pods.forEach((pod, addresses) -> {
                    if (addresses.stream().anyMatch(own::contains)) {
                        twice.add(addresses + " of " + pod + " and " + own + " of " + fields[1]);
                    }
                });
                pods.put(fields[1], own);
            }
        }
        if (events == 0) {
            throw new AssertionError("nothing was followed: " + Files.readString(log));
        }
        return twice;
    }
}
