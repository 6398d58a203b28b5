package io.towpath.ipam;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/**
 * The index on disk: a file per owner of leases, with a line per lease: address, inode, time of modification in nanoseconds.
 * All of it can be made anew from the leases and nothing is believed without looking at them, so nothing is synced but the
 * name of the boot: torn by a power failure, that would keep the leases of an earlier boot from being recognised.
 */
final class IndexFiles {
    private static final int FILE_MODE = 0x180; // rw-------
    private static final int DIRECTORY_MODE = 0x1c0; // rwx------
    private static final int MAX_BYTES = 4096;
    private static final int MAX_NAME = 200;
    private static final String BOOT = ".boot";

    private final Disk disk;
    private final String path;

    IndexFiles(Disk disk, String path) {
        this.disk = disk;
        this.path = path;
    }

    /** The boot that the index was made in, empty if there is none. */
    String boot() throws LinuxException {
        byte[] content = disk.read(path + "/" + BOOT, MAX_BYTES);
        return content == null ? "" : new String(content, StandardCharsets.UTF_8).strip();
    }

    void setBoot(String id) throws LinuxException {
        disk.makeDirectories(path, DIRECTORY_MODE);
        disk.publish(path, BOOT, bytes(id), FILE_MODE);
    }

    /** What is noted for an owner; null if its name is none for a file, and nothing is ever noted. */
    @Nullable
    List<LeaseFile> get(Attachment owner) throws LinuxException {
        String name = name(owner);
        if (name == null) {
            return null;
        }
        List<LeaseFile> files = new ArrayList<>();
        read(name, owner, files);
        return files;
    }

    /** All that is noted, with nobody for owner. */
    List<LeaseFile> all() throws LinuxException {
        List<LeaseFile> files = new ArrayList<>();
        for (String name : disk.list(path)) {
            if (!name.equals(BOOT)) {
                read(name, LeaseFile.NOBODY, files);
            }
        }
        return files;
    }

    private void read(String name, Attachment owner, List<LeaseFile> into) throws LinuxException {
        byte[] content = disk.read(path + "/" + name, MAX_BYTES);
        if (content == null) {
            return;
        }
        StringTokenizer lines = new StringTokenizer(new String(content, StandardCharsets.UTF_8), "\n");
        while (lines.hasMoreTokens()) {
            LeaseFile file = parse(lines.nextToken(), owner);
            if (file != null) {
                into.add(file);
            }
        }
    }

    private static @Nullable LeaseFile parse(String line, Attachment owner) {
        int first = line.indexOf(' ');
        int second = line.indexOf(' ', first + 1);
        IpAddress address = first < 0 ? null : IpAddress.tryParse(line.substring(0, first));
        if (address == null || second < 0) {
            return null;
        }
        try {
            long inode = Long.parseLong(line, first + 1, second, 10);
            long modified = Long.parseLong(line, second + 1, line.length(), 10);
            return new LeaseFile(address, LeaseFile.State.LEASED, owner, inode, modified);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Notes the leases of an owner; none removes it. */
    void put(Attachment owner, List<LeaseFile> files) throws LinuxException {
        String name = name(owner);
        if (name == null) {
            return;
        }
        String file = path + "/" + name;
        if (files.isEmpty()) {
            disk.unlink(file);
            return;
        }
        StringBuilder lines = new StringBuilder();
        for (LeaseFile lease : files) {
            lines.append(lease.address())
                    .append(' ')
                    .append(lease.inode())
                    .append(' ')
                    .append(lease.modified())
                    .append('\n');
        }
        try {
            disk.overwrite(file, bytes(lines.toString()), FILE_MODE);
        } catch (LinuxException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
            disk.makeDirectories(path, DIRECTORY_MODE);
            disk.overwrite(file, bytes(lines.toString()), FILE_MODE);
        }
    }

    /** Leaves notes of these owners only. */
    void replaceAll(Map<Attachment, List<LeaseFile>> owners) throws LinuxException {
        Set<String> keep = new HashSet<>();
        keep.add(BOOT);
        for (Attachment owner : owners.keySet()) {
            String name = name(owner);
            if (name != null) {
                keep.add(name);
            }
        }
        for (String name : disk.list(path)) {
            if (!keep.contains(name)) {
                disk.unlink(path + "/" + name);
            }
        }
        for (Map.Entry<Attachment, List<LeaseFile>> entry : owners.entrySet()) {
            put(entry.getKey(), entry.getValue());
        }
    }

    /** Neither a container's ID nor an interface's name has a comma or begins with a dot, if a runtime gave it. */
    private static @Nullable String name(Attachment owner) {
        String id = owner.containerId();
        String name = owner.interfaceName().isEmpty() ? id : id + "," + owner.interfaceName();
        boolean fits = !id.isEmpty()
                && name.length() <= MAX_NAME
                && id.charAt(0) != '.'
                && name.indexOf('/') < 0
                && id.indexOf(',') < 0;
        return fits ? name : null;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
