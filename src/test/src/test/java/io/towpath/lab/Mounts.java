package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is mounted where, see proc_pid_mountinfo(5). */
final class Mounts {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");
    private static final int MOUNT_POINT = 4;

    private Mounts() {}

    /** All mount points, the latest last. */
    static List<String> points() {
        try {
            List<String> points = new ArrayList<>();
            for (String line : Files.readAllLines(TABLE)) {
                points.add(line.split(" ", -1)[MOUNT_POINT].replace("\\040", " "));
            }
            return points;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static boolean isMountPoint(Path path) {
        return points().contains(path.toString());
    }

    /** Unmounts all that is mounted on a folder or below it. */
    static void unmountBelow(Path folder) throws IOException {
        List<String> points = points();
        for (String point : points.reversed()) {
            if (Path.of(point).startsWith(folder)) {
                Libc.unmount(point);
            }
        }
    }
}
