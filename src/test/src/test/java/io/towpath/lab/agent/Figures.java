package io.towpath.lab.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Agent;
import io.towpath.lab.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a bench prints: a JSON object per line. */
final class Figures {
    private static final double KIB_PER_MIB = 1024;

    /** USER_HZ, the unit of the times in proc_pid_stat(5). */
    private static final double TICKS_PER_SECOND = 100;

    private Figures() {}

    static void row(String what, List<Double> millis) {
        row(what, millis, 0);
    }

    static void row(String what, List<Double> millis, double atMost) {
        row(what, "ms", millis, atMost);
    }

    /** @param atMost the target for the 95th percentile, 0 for none */
    static void row(String what, String unit, List<Double> values, double atMost) {
        List<Double> sorted = values.stream().sorted().toList();
        ObjectNode row = Json.object("{}").put("what", what).put("unit", unit);
        row.put("median", sorted.get((sorted.size() - 1) / 2));
        row.put("p95", sorted.get((int) Math.ceil(sorted.size() * 0.95) - 1));
        row.put("max", sorted.getLast()).put("rounds", sorted.size());
        if (atMost > 0) {
            row.put("at_most", atMost);
        }
        System.out.println(row);
    }

    /** A figure of proc_pid_status(5), in MiB. */
    static double residentMiB(Agent agent, String name) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc", String.valueOf(agent.pid()), "status"))) {
                if (line.startsWith(name + ":")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / KIB_PER_MIB;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("no " + name);
    }

    /** utime and stime, proc_pid_stat(5). */
    static double cpuSeconds(Agent agent) {
        try {
            String stat = Files.readString(Path.of("/proc", String.valueOf(agent.pid()), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
