package io.towpath.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The machine's processes, by their command lines: see proc_pid_cmdline(5). */
public final class Processes {
    private Processes() {}

    /** All that have a text in their command lines, this one aside. */
    public static List<Long> naming(String text) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid ->
                        pid != ProcessHandle.current().pid() && commandLine(pid).contains(text))
                .toList();
    }

    /** The words of a process's command line, with spaces between them; empty if it has ended. */
    static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc", String.valueOf(pid), "cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ')
                    .strip();
        } catch (IOException _) {
            return "";
        }
    }
}
