package io.towpath.agent.http;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import java.nio.charset.StandardCharsets;

/** What the kernel tells of this process, proc(5); not a number where it does not. */
final class ProcessFigures {
    private static final int LIMIT = 4096;
    private static final int PAGE = 4096; // of x86-64
    private static final double TICKS_PER_SECOND = 100; // USER_HZ of asm-generic/param.h
    private static final int UTIME = 11; // fields after the command, which may contain anything
    private static final int STIME = 12;
    private static final int RESIDENT = 1;

    private ProcessFigures() {}

    /** Resident memory in bytes. */
    static double residentBytes() {
        return field(read("/proc/self/statm"), RESIDENT) * PAGE;
    }

    /** User and system time used so far, in seconds. */
    static double cpuSeconds() {
        String stat = read("/proc/self/stat");
        String fields = stat.substring(stat.lastIndexOf(')') + 1).strip();
        return (field(fields, UTIME) + field(fields, STIME)) / TICKS_PER_SECOND;
    }

    /** Open file descriptors. */
    static double openDescriptors() {
        try {
            // One of them is there only to read the list.
            return Linux.list("/proc/self/fd").size() - 1;
        } catch (LinuxException _) {
            return Double.NaN;
        }
    }

    private static String read(String path) {
        try {
            byte[] content = Linux.readFile(path, LIMIT);
            return content == null ? "" : new String(content, StandardCharsets.ISO_8859_1);
        } catch (LinuxException _) {
            return "";
        }
    }

    private static double field(String text, int index) {
        String[] fields = text.strip().split(" +", -1);
        return index < fields.length ? Double.parseDouble(fields[index]) : Double.NaN;
    }
}
