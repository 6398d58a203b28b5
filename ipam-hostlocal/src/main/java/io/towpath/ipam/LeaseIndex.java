package io.towpath.ipam;

import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringTokenizer;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses an attachment has, without reading every lease: a file per attachment in a folder beside those of the
 * networks, where the reference plugin never looks. All of it can be made anew from the leases, so nothing is synced.
 *
 * <p>It holds for as long as nobody else changed the lease directory. After each change of ours the directory's
 * modification time gets {@link #MARK} for its nanoseconds; anybody else's change makes it the time of day. It also holds
 * for one boot only: at the first use in another one the leases of earlier boots are dropped.
 *
 * <p>To be used under the lease directory's lock.
 */
final class LeaseIndex {
    /** The nanoseconds of a lease directory's modification time that say: indexed. */
    static final int MARK = 718_281_828;

    private static final int FILE_MODE = 0x180; // rw-------
    private static final int DIRECTORY_MODE = 0x1c0; // rwx------
    private static final int MAX_BYTES = 4096;
    private static final int MAX_NAME = 200;
    private static final String BOOT = ".boot";

    private final LeaseDirectory leases;
    private final String path;
    private final Boot boot;

    LeaseIndex(LeaseDirectory leases, String path, Boot boot) {
        this.leases = leases;
        this.path = path;
        this.boot = boot;
    }

    /** Makes the index anew if the leases were changed by others or the node was booted since. */
    void refresh() throws LinuxException {
        byte[] indexed = Linux.readFile(path + "/" + BOOT, MAX_BYTES);
        String known = indexed == null ? "" : text(indexed);
        if (!known.equals(boot.id()) || !isMarked()) {
            rebuild(known);
        }
    }

    private boolean isMarked() throws LinuxException {
        Linux.Status status = Linux.status(leases.path());
        return status != null && Math.floorMod(status.modified(), 1_000_000_000L) == MARK;
    }

    /** Says that the leases are as the index has them. To be called after every change of ours. */
    void mark() throws LinuxException {
        Linux.setModified(leases.path(), System.currentTimeMillis() / 1000, MARK);
    }

    private void rebuild(String indexedBoot) throws LinuxException {
        boolean rebooted = !indexedBoot.isEmpty() && !indexedBoot.equals(boot.id());
        long bootTime = rebooted ? boot.time() : Long.MIN_VALUE;
        Map<Attachment, List<IpAddress>> found = new LinkedHashMap<>();
        leases.removeTemporaries();
        for (IpAddress address : leases.addresses()) {
            Lease lease = leases.read(address);
            if (lease == null || lease.since() < bootTime) {
                leases.remove(address);
            } else {
                found.computeIfAbsent(lease.attachment(), a -> new ArrayList<>())
                        .add(address);
            }
        }
        Linux.makeDirectories(path, DIRECTORY_MODE);
        for (String name : Linux.list(path)) {
            Linux.unlink(path + "/" + name);
        }
        for (Map.Entry<Attachment, List<IpAddress>> entry : found.entrySet()) {
            put(entry.getKey(), entry.getValue());
        }
        Linux.overwrite(path + "/" + BOOT, bytes(boot.id()), FILE_MODE);
        mark();
    }

    /** The addresses of an attachment; of one in the old format only if that is what is asked for. */
    List<IpAddress> get(Attachment attachment) throws LinuxException {
        String name = name(attachment);
        if (name == null) {
            return search(attachment);
        }
        byte[] content = Linux.readFile(path + "/" + name, MAX_BYTES);
        List<IpAddress> addresses = new ArrayList<>();
        if (content != null) {
            StringTokenizer lines = new StringTokenizer(text(content), "\n");
            while (lines.hasMoreTokens()) {
                IpAddress address = IpAddress.tryParse(lines.nextToken());
                if (address != null) {
                    addresses.add(address);
                }
            }
        }
        return addresses;
    }

    /** Notes the addresses of an attachment; none removes it. */
    void put(Attachment attachment, List<IpAddress> addresses) throws LinuxException {
        String name = name(attachment);
        if (name == null) {
            return;
        }
        if (addresses.isEmpty()) {
            Linux.unlink(path + "/" + name);
            return;
        }
        StringBuilder lines = new StringBuilder();
        for (IpAddress address : addresses) {
            lines.append(address).append('\n');
        }
        String file = path + "/" + name;
        try {
            Linux.overwrite(file, bytes(lines.toString()), FILE_MODE);
        } catch (LinuxException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
            Linux.makeDirectories(path, DIRECTORY_MODE);
            Linux.overwrite(file, bytes(lines.toString()), FILE_MODE);
        }
    }

    /** For what has too long a name to be a file's. */
    private List<IpAddress> search(Attachment attachment) throws LinuxException {
        List<IpAddress> addresses = new ArrayList<>();
        for (IpAddress address : leases.addresses()) {
            Lease lease = leases.read(address);
            if (lease != null && lease.attachment().equals(attachment)) {
                addresses.add(address);
            }
        }
        return addresses;
    }

    /** No container ID has a comma, and none begins with a dot. */
    private static @Nullable String name(Attachment attachment) {
        String name = attachment.interfaceName().isEmpty()
                ? attachment.containerId()
                : attachment.containerId() + "," + attachment.interfaceName();
        boolean fits = name.length() <= MAX_NAME && name.charAt(0) != '.' && name.indexOf('/') < 0;
        return fits ? name : null;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
