package io.towpath.linux;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Files and devices by system calls. {@code java.nio.file} does most of it too, but costs a short-lived process more to
 * initialise than the work takes, and it can neither fsync a folder nor publish a file that has no name until complete.
 */
public final class Linux {
    /** f_type of tmpfs, {@code linux/magic.h}. */
    public static final long TMPFS_MAGIC = 0x01021994;

    private static final int FIRST_READ = 4096;

    /** What {@link Native#copy} adds to the error number of a failure to read. */
    private static final int OF_SOURCE = 4096;

    /** By which a thread gets a tenth of what it would get, sched(7). */
    private static final int LATER = 10;

    private static final int STANDARD_OUTPUT = 1;

    private Linux() {}

    /**
     * What is known of a file.
     *
     * @param mode type and permissions, as in stat(2)
     * @param size in bytes
     * @param modified in nanoseconds since the epoch
     */
    public record Status(long device, long inode, int mode, long size, long modified) {}

    /**
     * The whole content of a file, null if there is none of that name. What it takes is what the file has, whatever the limit.
     *
     * @param limit the most bytes to accept
     * @throws LinuxException with EFBIG if it has more bytes, with EINVAL if it is a FIFO, a device or a socket
     */
    public static byte @Nullable [] readFile(String path, int limit) throws LinuxException {
        byte[] name = path(path);
        byte[] buffer = new byte[Math.min(limit, FIRST_READ)];
        int length = Native.readFile(name, buffer, limit);
        while (length > buffer.length) {
            buffer = new byte[length];
            length = Native.readFile(name, buffer, limit);
        }
        if (length == -Errno.ENOENT) {
            return null;
        }
        if (length == -Errno.EFBIG) {
            throw new LinuxException("read " + path, Errno.EFBIG, "more than " + limit + " bytes");
        }
        checkRegular("read " + path, length);
        return length == buffer.length ? buffer : Arrays.copyOf(buffer, length);
    }

    /**
     * Creates a file that appears complete and synced to disk or not at all; a crash leaves no other name behind where the
     * file system knows O_TMPFILE, else {@code .towpath-new}, which the next file of that folder replaces. The folder itself is not synced.
     *
     * @return false if the name is taken; then nothing changed
     */
    public static boolean publishNew(String directory, String name, byte[] content, int mode) throws LinuxException {
        int result = Native.publish(path(directory), path(name), content, mode, false);
        if (result == -Errno.EEXIST) {
            return false;
        }
        check("create " + directory + "/" + name, result);
        return true;
    }

    /**
     * As {@link #publishNew}, but puts the file in the place of one that has the name already, with exactly this mode. Who writes into
     * the same folder meanwhile, or locks it, is waited for, for 30 s.
     */
    public static void publish(String directory, String name, byte[] content, int mode) throws LinuxException {
        check("write " + directory + "/" + name, Native.publish(path(directory), path(name), content, mode, true));
    }

    /**
     * As {@link #publish}, unless the name has the same content and mode already, and syncs the folder, too.
     *
     * @return whether the file was written
     */
    public static boolean place(String directory, String name, byte[] content, int mode) throws LinuxException {
        int result = Native.place(path(directory), path(name), content, mode);
        return check("write " + directory + "/" + name, result) > 0;
    }

    /**
     * As {@link #place}, with the content of another file. The kernel copies where it can, else it is done in small pieces, so a file of
     * any size takes no memory.
     *
     * @return whether the file was written
     * @throws LinuxException that names the source if that cannot be read, else the copy; then what was there is there still
     */
    public static boolean copy(String source, String directory, String name, int mode) throws LinuxException {
        int result = Native.copy(path(source), path(directory), path(name), mode);
        if (result < -OF_SOURCE) {
            throw new LinuxException("read " + source, -result - OF_SOURCE);
        }
        return check("write " + directory + "/" + name, result) > 0;
    }

    /**
     * Writes a file in place, neither synced nor complete at every moment: only for what can be made anew when it is torn.
     *
     * @param content at most 4096 bytes
     */
    public static void overwrite(String path, byte[] content, int mode) throws LinuxException {
        checkRegular("write " + path, Native.overwrite(path(path), content, mode));
    }

    /**
     * Sets the time of a file's or folder's last modification.
     *
     * @param seconds since the epoch
     * @param nanoseconds 0..999999999
     */
    public static void setModified(String path, long seconds, int nanoseconds) throws LinuxException {
        check("set the time of " + path, Native.setModified(path(path), seconds, nanoseconds));
    }

    /** Makes the names created and removed in a folder survive a power failure. */
    public static void syncDirectory(String path) throws LinuxException {
        check("fsync " + path, Native.syncDirectory(path(path)));
    }

    /** Removes a file; false if there is none of that name. */
    public static boolean unlink(String path) throws LinuxException {
        int result = Native.unlink(path(path));
        if (result == -Errno.ENOENT) {
            return false;
        }
        check("unlink " + path, result);
        return true;
    }

    /** Creates a folder and those above it that are missing. */
    public static void makeDirectories(String path, int mode) throws LinuxException {
        int result = Native.makeDirectory(path(path), mode);
        int slash = path.lastIndexOf('/');
        if (result == -Errno.ENOENT && slash > 0) {
            makeDirectories(path.substring(0, slash), mode);
            result = Native.makeDirectory(path(path), mode);
        }
        if (result != -Errno.EEXIST) {
            check("mkdir " + path, result);
        }
    }

    /**
     * The names in a folder, without {@code .} and {@code ..}, in no order.
     *
     * @throws LinuxException also with ENOENT if there is no such folder
     */
    public static List<String> list(String directory) throws LinuxException {
        byte[] path = path(directory);
        byte[] names = new byte[4096];
        int length = check("list " + directory, Native.list(path, names));
        while (length > names.length) {
            names = new byte[length + 4096];
            length = check("list " + directory, Native.list(path, names));
        }
        List<String> list = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < length; i++) {
            if (names[i] == 0) {
                list.add(new String(names, start, i - start, StandardCharsets.UTF_8));
                start = i + 1;
            }
        }
        return list;
    }

    /** The file's status, of a symbolic link its own; null if there is none of that name. */
    public static @Nullable Status status(String path) throws LinuxException {
        long[] values = new long[5];
        int result = Native.status(path(path), values);
        if (result == -Errno.ENOENT) {
            return null;
        }
        check("stat " + path, result);
        return new Status(values[0], values[1], (int) values[2], values[3], values[4]);
    }

    /** The type of the file system that a path is on, {@code linux/magic.h}: see {@link #TMPFS_MAGIC}. */
    public static long fileSystemType(String path) throws LinuxException {
        long type = Native.fileSystemType(path(path));
        if (type < 0) {
            throw new LinuxException("statfs " + path, (int) -type);
        }
        return type;
    }

    /**
     * Whether a device of the calling thread's network namespace leaves the checksums of transmitted packets to be computed
     * later ({@code ethtool -k}: tx-checksumming).
     *
     * @throws LinuxException with ENODEV if there is no such device
     */
    public static boolean txChecksumOffload(String device) throws LinuxException {
        return check("ethtool " + device, Native.txChecksum(path(device), -1)) != 0;
    }

    /** Sets what {@link #txChecksumOffload} tells; for a vxlan device that is tx-checksum-ip-generic. */
    public static void setTxChecksumOffload(String device, boolean on) throws LinuxException {
        check("ethtool " + device + (on ? " tx on" : " tx off"), Native.txChecksum(path(device), on ? 1 : 0));
    }

    /**
     * Has the calling thread, and those that it starts from now on, come after the other threads of its control group: its nice value
     * grows by {@value #LATER}, nice(2). There is no way back without a capability.
     */
    public static void giveWay() throws LinuxException {
        check("nice", Native.nice(LATER));
    }

    /**
     * How wide the terminal is that standard output goes to, ioctl_tty(2).
     *
     * @return columns, 0 if the terminal does not say; negative if it goes elsewhere
     */
    public static int terminalWidth() {
        return Native.terminalWidth(STANDARD_OUTPUT);
    }

    /**
     * The result of a native call if it is none of its errors.
     *
     * @throws LinuxException if it is negative
     */
    static int check(String operation, int result) throws LinuxException {
        if (result < 0) {
            throw new LinuxException(operation, -result);
        }
        return result;
    }

    /** As {@link #check}, of a call that takes nothing but a regular file. */
    static int checkRegular(String operation, int result) throws LinuxException {
        if (result == -Errno.EINVAL) {
            throw new LinuxException(operation, Errno.EINVAL, "it is no regular file: remove it");
        }
        return check(operation, result);
    }

    /**
     * The bytes of a path with the NUL that C wants.
     *
     * @throws LinuxException with EINVAL if the path has one of its own
     */
    public static byte[] path(String path) throws LinuxException {
        if (path.indexOf('\0') >= 0) {
            throw new LinuxException("path " + path.replace('\0', '?'), Errno.EINVAL, "it contains NUL");
        }
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }
}
