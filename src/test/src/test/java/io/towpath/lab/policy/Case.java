package io.towpath.lab.policy;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Something that is done to a cluster in steps; after each, who reaches whom is looked at.
 *
 * @param name of no other case of its group
 */
record Case(String name, List<Step> steps) {
    /**
     * A step.
     *
     * @param change what is done to the cluster
     * @param tables how it has to be after that, as written down for this case alone; the {@link Matcher} says it for all
     */
    record Step(Consumer<World> change, List<Table> tables) {
        Step then(Table table) {
            return new Step(
                    change,
                    java.util.stream.Stream.concat(tables.stream(), java.util.stream.Stream.of(table))
                            .toList());
        }
    }

    static Case of(String name, Step... steps) {
        return new Case(name, List.of(steps));
    }

    static Step step(Consumer<World> change) {
        return new Step(change, List.of());
    }

    /** Who reaches whom among the pods by one protocol at one port. Later lines win. */
    static final class Table {
        final int port;
        final Protocol protocol;
        private final List<Line> lines = new java.util.ArrayList<>();

        private record Line(String from, String to, boolean allowed) {}

        private Table(int port, Protocol protocol) {
            this.port = port;
            this.protocol = protocol;
        }

        /** Where everybody reaches everybody. */
        static Table at(Protocol protocol, int port) {
            return new Table(port, protocol);
        }

        /** Each of them a pod, or all pods of a namespace as {@code x/*}, or all as {@code *}. */
        Table denied(String from, String to) {
            lines.add(new Line(from, to, false));
            return this;
        }

        Table allowed(String from, String to) {
            lines.add(new Line(from, to, true));
            return this;
        }

        boolean allows(String from, String to) {
            @Nullable Line last = null;
            for (Line line : lines) {
                if (matches(line.from, from) && matches(line.to, to)) {
                    last = line;
                }
            }
            return last == null || last.allowed;
        }

        private static boolean matches(String pattern, String pod) {
            return pattern.equals("*")
                    || pattern.equals(pod)
                    || (pattern.endsWith("/*") && pod.startsWith(pattern.substring(0, pattern.length() - 1)));
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
