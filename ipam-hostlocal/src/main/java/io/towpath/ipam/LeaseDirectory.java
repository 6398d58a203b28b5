package io.towpath.ipam;

import io.towpath.linux.Errno;
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
    private static final int TYPE = 0xf000; // S_IFMT, linux/stat.h
    private static final int REGULAR_FILE = 0x8000; // S_IFREG
    private static final int DIRECTORY_MODE = 0x1ed; // rwxr-xr-x
    private static final int MAX_LEASE_BYTES = 4096;
    private static final int TYPE_MASK = 0xf000;
    private static final int REGULAR = 0x8000;

    private final Disk disk;
    private final String path;

    LeaseDirectory(Disk disk, String path) {
        this.disk = disk;
        this.path = path;
    }

    String path() {
        return path;
    }

    Linux.@Nullable Status status() throws LinuxException {
        return disk.status(path);
    }

    /** Takes the lock under which the reference plugin works too; the folder is created if it is missing. */
    Disk.Lock lock() throws LinuxException {
        String file = path + "/lock";
        try {
            return disk.lock(file);
        } catch (LinuxException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
            disk.makeDirectories(path, DIRECTORY_MODE);
            return disk.lock(file);
        }
    }

    /** Whether leases can be in it: not if it is missing, nor if a plain file has its place. */
    boolean isFolder() throws LinuxException {
        Linux.Status status = status();
        return status != null && (status.mode() & TYPE) != REGULAR_FILE;
    }

    /** The leased addresses, also those whose files are empty or torn; none if there is no such folder. */
    List<IpAddress> addresses() throws LinuxException {
        return addresses(names());
    }

    private static List<IpAddress> addresses(List<String> names) {
        List<IpAddress> addresses = new ArrayList<>(names.size());
        for (String name : names) {
            char first = name.charAt(0);
            boolean digit = first >= '0' && first <= '9';
            // "lock" and "last_reserved_ip.0" are told apart without parsing
            if (digit || name.indexOf(':') >= 0) {
                IpAddress address = IpAddress.tryParse(name);
                if (address != null && address.toString().equals(name)) {
                    addresses.add(address);
                }
            }
        }
        return addresses;
    }

    private List<String> names() throws LinuxException {
        try {
            return disk.list(path);
        } catch (LinuxException e) {
            if (e.is(Errno.ENOENT)) {
                return List.of();
            }
            throw e;
        }
    }

    /** What stands under every address, in the order of addresses; none if there is no such folder. */
    List<LeaseFile> files() throws LinuxException {
        return files(names());
    }

    private List<LeaseFile> files(List<String> names) throws LinuxException {
        List<IpAddress> addresses = addresses(names);
        addresses.sort(null);
        List<LeaseFile> files = new ArrayList<>(addresses.size());
        for (IpAddress address : addresses) {
            LeaseFile file = find(address);
            if (file != null) {
                files.add(file);
            }
        }
        return files;
    }

    /**
     * As {@link #files()}, and removes what a process that died while publishing has left on a file system without unnamed
     * files. Only for the holder of the lock: nobody else is publishing then.
     */
    List<LeaseFile> filesWithoutLeftovers() throws LinuxException {
        List<String> names = names();
        for (String name : names) {
            if (name.startsWith(TEMPORARY)) {
                disk.unlink(path + "/" + name);
            }
        }
        return files(names);
    }

    boolean isTaken(IpAddress address) throws LinuxException {
        return disk.status(file(address)) != null;
    }

    /** What stands under an address, null if nothing does. */
    @Nullable
    LeaseFile find(IpAddress address) throws LinuxException {
        Linux.Status status = disk.status(file(address));
        if (status == null) {
            return null;
        }
        boolean regular = (status.mode() & TYPE_MASK) == REGULAR;
        byte[] content = regular ? content(file(address)) : null;
        Attachment attachment = content == null ? LeaseFile.NOBODY : attachment(content);
        LeaseFile.State state = regular ? state(content, attachment) : LeaseFile.State.STRANGE;
        return new LeaseFile(address, state, attachment, status.inode(), status.modified());
    }

    /** The file of a lease that was just published, whose content is known; null if it is gone. */
    @Nullable
    LeaseFile stat(IpAddress address, Attachment owner) throws LinuxException {
        Linux.Status status = disk.status(file(address));
        return status == null
                ? null
                : new LeaseFile(address, LeaseFile.State.LEASED, owner, status.inode(), status.modified());
    }

    /** Why nothing can be said of an unreadable file. */
    LinuxException unreadable(LeaseFile file) {
        return new LinuxException("read " + file(file.address()), Errno.EIO, "whose lease it is cannot be told");
    }

    private static LeaseFile.State state(byte @Nullable [] content, Attachment attachment) {
        if (content == null) {
            return LeaseFile.State.UNREADABLE;
        }
        if (attachment.containerId().isEmpty()) {
            return LeaseFile.State.TORN;
        }
        return attachment.interfaceName().isEmpty() ? LeaseFile.State.OLD_FORMAT : LeaseFile.State.LEASED;
    }

    /** The bytes of a file; null if the disk does not give them, empty if it is gone or has more than any writer writes. */
    private byte @Nullable [] content(String file) throws LinuxException {
        try {
            byte[] content = disk.read(file, MAX_LEASE_BYTES);
            return content == null ? new byte[0] : content;
        } catch (LinuxException e) {
            if (e.is(Errno.EFBIG)) {
                return new byte[0];
            }
            if (e.is(Errno.EIO) || e.is(Errno.EACCES)) {
                return null;
            }
            throw e;
        }
    }

    /**
     * Whose a lease is by its content; {@link LeaseFile#NOBODY} for what no writer of leases has finished. Lines after the
     * second are left to those who may write them one day.
     */
    static Attachment attachment(byte[] content) {
        String text = new String(content, StandardCharsets.UTF_8).strip();
        int first = text.indexOf('\n');
        int second = first < 0 ? -1 : text.indexOf('\n', first + 1);
        String containerId = (first < 0 ? text : text.substring(0, first)).strip();
        String interfaceName = first < 0
                ? ""
                : text.substring(first + 1, second < 0 ? text.length() : second).strip();
        return isWhole(containerId) && isWhole(interfaceName)
                ? new Attachment(containerId, interfaceName)
                : LeaseFile.NOBODY;
    }

    private static boolean isWhole(String text) {
        for (int i = 0; i < text.length(); i++) {
            // a blank is odd, but no sign of a write that was cut short
            if (text.charAt(i) < ' ' || text.charAt(i) == 0x7f || text.charAt(i) == '\ufffd') {
                return false;
            }
        }
        return true;
    }

    /** By how many bytes an attachment's names are too long for a lease: it could not be read any more; 0 if they fit. */
    static int excess(Attachment attachment) {
        return Math.max(0, content(attachment).length - MAX_LEASE_BYTES);
    }

    private static byte[] content(Attachment attachment) {
        return bytes(attachment.containerId() + LINE_BREAK + attachment.interfaceName());
    }

    /** Leases an address; false if it is leased already. The file appears whole and synced or not at all. */
    boolean publish(IpAddress address, Attachment attachment) throws LinuxException {
        return disk.publishNew(path, address.toString(), content(attachment), FILE_MODE);
    }

    void remove(IpAddress address) throws LinuxException {
        disk.unlink(file(address));
    }

    void setModified(long seconds, int nanoseconds) throws LinuxException {
        disk.setModified(path, seconds, nanoseconds);
    }

    /** The address that a set gave last, null if that is not known: then only the order of addresses starts anew. */
    @Nullable
    IpAddress lastReserved(int set) throws LinuxException {
        byte[] content = content(path + "/" + LAST_RESERVED + set);
        return content == null ? null : IpAddress.tryParse(new String(content, StandardCharsets.UTF_8).strip());
    }

    void setLastReserved(int set, IpAddress address) throws LinuxException {
        disk.overwrite(path + "/" + LAST_RESERVED + set, bytes(address.toString()), FILE_MODE);
    }

    private String file(IpAddress address) {
        return path + "/" + address;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
