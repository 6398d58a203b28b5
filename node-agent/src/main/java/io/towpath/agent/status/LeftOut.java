package io.towpath.agent.status;

import io.towpath.overlay.Family;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a node leaves out of its overlay though the cluster says that it is there and Ready: other nodes, families of them, and
 * families of its own.
 *
 * @param all of it, by node
 * @param problem why the node is not ready for that, null if it is: a family of its own, or more than half of the Ready nodes, two at
 *     least. Fewer are most likely those nodes' fault, and one broken node must not make all others unready
 */
public record LeftOut(List<Rejected> all, @Nullable String problem) {
    private static final int TOLD = 3;
    private static final Comparator<Rejected> ORDER = Comparator.comparing(Rejected::node)
            .thenComparing(Rejected::family, Comparator.nullsFirst(Comparator.naturalOrder()));

    public LeftOut {
        all = List.copyOf(all);
    }

    /** What a status says of it. */
    static LeftOut of(AgentStatus status) {
        List<Rejected> own = new ArrayList<>();
        List<Rejected> others = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Rejected each : status.rejected()) {
            if (each.node().equals(status.node())) {
                own.add(each);
            } else if (status.readyNodes().contains(each.node())) {
                others.add(each);
                names.add(each.node());
            }
        }
        status.overlay().devices().forEach(device -> device.peers().forEach(peer -> names.remove(peer.node())));
        status.overlay().peerProblems().forEach((node, message) -> {
            if (status.readyNodes().contains(node)) {
                others.add(new Rejected(node, message));
                names.add(node);
            }
        });
        others.sort(ORDER);
        List<Rejected> all = new ArrayList<>(own);
        all.addAll(others);
        return new LeftOut(all, problem(own, others, names, status.readyNodes().size()));
    }

    private static @Nullable String problem(List<Rejected> own, List<Rejected> others, Set<String> whole, int ready) {
        if (!own.isEmpty()) {
            return "left out: " + text(own);
        }
        if (whole.size() < 2 || 2 * whole.size() <= ready) {
            return null;
        }
        return whole.size() + " of " + ready + " other nodes that are Ready are left out, which is hardly their fault: "
                + text(others);
    }

    /** One line, null if nothing is left out. */
    public @Nullable String summary() {
        return all.isEmpty() ? null : "left out: " + text(all);
    }

    /** How many things are left out: of one family, or nodes as a whole. */
    public int count(@Nullable Family family) {
        return Math.toIntExact(
                all.stream().filter(each -> each.family() == family).count());
    }

    private static String text(List<Rejected> some) {
        StringBuilder text = new StringBuilder();
        for (Rejected each : some.subList(0, Math.min(TOLD, some.size()))) {
            text.append(text.isEmpty() ? "" : "; ").append(each.node());
            text.append(each.family() == null ? "" : " (" + each.family() + ")")
                    .append(": ")
                    .append(each.reason());
        }
        return some.size() <= TOLD ? text.toString() : text + "; and " + (some.size() - TOLD) + " more";
    }
}
