package io.towpath.ipam;

import io.towpath.linux.Errno;
import io.towpath.linux.FileLock;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The leases of one network on disk, as the reference host-local plugin keeps them: a file per address, named by it, with
 * the container's ID and the interface's name on two lines that CR LF parts.
 */
final class LeaseDirectory {
    private static final String LINE_BREAK = "\r\n";
    private static final String LAST_RESERVED = "last_reserved_ip.";
    private static final String TEMPORARY = ".towpath-";
    private static final int FILE_MODE = 0x180; // rw-------
    private static final int DIRECTORY_MODE = 0x1ed; // rwxr-xr-x
    private static final int MAX_LEASE_BYTES = 4096;

    private final String path;

    LeaseDirectory(String path) {
        this.path = path;
    }

    String path() {
        return path;
    }

    boolean exists() throws LinuxException {
        return Linux.status(path) != null;
    }

    /** Takes the lock under which the reference plugin works too; the folder is created if it is missing. */
    FileLock lock() throws LinuxException {
        String file = path + "/lock";
        try {
            return FileLock.acquire(file);
        } catch (LinuxException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
            Linux.makeDirectories(path, DIRECTORY_MODE);
            return FileLock.acquire(file);
        }
    }

    /** The leased addresses, also those whose files are empty or torn; none if there is no such folder. */
    List<IpAddress> addresses() throws LinuxException {
        List<IpAddress> addresses = new ArrayList<>();
        for (String name : names()) {
            IpAddress address = IpAddress.tryParse(name);
            if (address != null && address.toString().equals(name)) {
                addresses.add(address);
            }
        }
        return addresses;
    }

    private List<String> names() throws LinuxException {
        try {
            return Linux.list(path);
        } catch (LinuxException e) {
            if (e.is(Errno.ENOENT)) {
                return List.of();
            }
            throw e;
        }
    }

    /** Removes what a process that died while publishing has left, on a file system without unnamed files. */
    void removeTemporaries() throws LinuxException {
        for (String name : names()) {
            if (name.startsWith(TEMPORARY)) {
                Linux.unlink(path + "/" + name);
            }
        }
    }

    boolean isLeased(IpAddress address) throws LinuxException {
        return Linux.status(file(address)) != null;
    }

    /** The lease of an address; null if there is none, or if its file is empty or torn. */
    @Nullable
    Lease read(IpAddress address) throws LinuxException {
        Linux.Status status = Linux.status(file(address));
        Attachment attachment = status == null ? null : attachment(content(address));
        return attachment == null || status == null
                ? null
                : new Lease(address, attachment, status.modified() / 1_000_000);
    }

    private byte[] content(IpAddress address) throws LinuxException {
        try {
            byte[] content = Linux.readFile(file(address), MAX_LEASE_BYTES);
            return content == null ? new byte[0] : content;
        } catch (LinuxException e) {
            if (e.is(Errno.EFBIG)) {
                return new byte[0];
            }
            throw e;
        }
    }

    /** Whose a lease is by its content; null for what no writer of leases has finished. */
    static @Nullable Attachment attachment(byte[] content) {
        String text = new String(content, StandardCharsets.UTF_8).strip();
        int lineBreak = text.indexOf('\n');
        String containerId = (lineBreak < 0 ? text : text.substring(0, lineBreak)).stripTrailing();
        String interfaceName =
                lineBreak < 0 ? "" : text.substring(lineBreak + 1).stripLeading();
        if (containerId.isEmpty() || !isWord(containerId) || !isWord(interfaceName)) {
            return null;
        }
        return new Attachment(containerId, interfaceName);
    }

    private static boolean isWord(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) <= ' ' || text.charAt(i) == 0x7f || text.charAt(i) == '\ufffd') {
                return false;
            }
        }
        return true;
    }

    /** Leases an address; false if it is leased already. The file appears whole and synced or not at all. */
    boolean publish(IpAddress address, Attachment attachment) throws LinuxException {
        String content = attachment.containerId() + LINE_BREAK + attachment.interfaceName();
        return Linux.publishNew(path, address.toString(), bytes(content), FILE_MODE);
    }

    void remove(IpAddress address) throws LinuxException {
        Linux.unlink(file(address));
    }

    /** The address that a set gave last, null if that is not known: then only the order of addresses starts anew. */
    @Nullable
    IpAddress lastReserved(int set) throws LinuxException {
        byte[] content = Linux.readFile(path + "/" + LAST_RESERVED + set, MAX_LEASE_BYTES);
        return content == null ? null : IpAddress.tryParse(new String(content, StandardCharsets.UTF_8).strip());
    }

    void setLastReserved(int set, IpAddress address) throws LinuxException {
        Linux.overwrite(path + "/" + LAST_RESERVED + set, bytes(address.toString()), FILE_MODE);
    }

    private String file(IpAddress address) {
        return path + "/" + address;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
