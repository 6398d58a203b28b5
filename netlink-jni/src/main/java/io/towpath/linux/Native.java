package io.towpath.linux;

/**
 * The C side, one method per need: a negative result is a negated errno. Byte arrays that stand for paths end with NUL.
 * Nothing here checks its arguments beyond memory safety; {@link Linux}, {@link FileLock} and the netlink classes do.
 */
public final class Native {
    static {
        NativeLibrary.load();
    }

    private Native() {}

    /**
     * Opens a regular file (creating it), takes from its permissions what the mode has not, and locks it exclusively.
     *
     * @param milliseconds how long to wait for who holds it
     * @return the descriptor; ETIMEDOUT when the time is up, EAGAIN if it was 0; EINVAL for a FIFO, a device or a socket
     */
    static native int flock(byte[] path, int mode, int milliseconds);

    /** close(2). */
    public static native int close(int fd);

    /**
     * Reads a whole file; the number of bytes, or how large an array it needs, which is more than this one. That is a guess, at most
     * the limit, where the file tells no size; EFBIG if it has more than the limit, EINVAL for a FIFO, a device or a socket.
     */
    static native int readFile(byte[] path, byte[] into, int limit);

    /** Writes a file whole, fsyncs it and gives it its name; with replace over an old one, else EEXIST. */
    static native int publish(byte[] directory, byte[] name, byte[] content, int mode, boolean replace);

    /**
     * As publish with replace, unless the name has the same content and mode already; also fsyncs the folder.
     *
     * @return 1 if it was written, 0 if it was in place
     */
    static native int place(byte[] directory, byte[] name, byte[] content, int mode);

    /** As place, with another file's content; for a failure to read that -(errno + 4096). */
    static native int copy(byte[] source, byte[] directory, byte[] name, int mode);

    /** Writes a file of at most 4096 bytes in place, without fsync. */
    static native int overwrite(byte[] path, byte[] content, int mode);

    /** utimensat(2), the modification time only. */
    static native int setModified(byte[] path, long seconds, int nanoseconds);

    /** fsync(2) of a folder. */
    static native int syncDirectory(byte[] path);

    /** unlink(2). */
    static native int unlink(byte[] path);

    /** mkdir(2). */
    static native int makeDirectory(byte[] path, int mode);

    /** The names in a folder, each followed by NUL; the bytes needed, which may be more than the array has. */
    static native int list(byte[] path, byte[] into);

    /** lstat(2): st_dev, st_ino, st_mode, st_size, modification time in ns since the epoch. */
    static native int status(byte[] path, long[] into);

    /** statfs(2): f_type. */
    static native long fileSystemType(byte[] path);

    /** The tx checksum offload of a device of the calling thread's network namespace; set: 0 off, 1 on, -1 only ask. */
    static native int txChecksum(byte[] device, int set);

    /** Opens a network namespace's file; EINVAL if it is anything else. */
    public static native int openNetNs(byte[] path);

    /** fstat(2) of a network namespace, -1 for the caller's own: st_dev, st_ino. */
    public static native int identity(int fd, long[] into);

    /**
     * Writes sysctls inside a network namespace, -1 for the caller's own.
     *
     * @param pairs for each sysctl its path below /proc/sys, NUL, its value, NUL
     * @return 0, or for a failure -(errno + 4096 * number of sysctls written before)
     */
    public static native int writeSysctls(int netNs, byte[] pairs);

    /** Reads a sysctl inside a network namespace, -1 for the caller's own; the number of bytes. */
    public static native int readSysctl(int netNs, byte[] key, byte[] into);

    /**
     * Opens a netlink socket inside a network namespace, -1 for the caller's own, with extended and capped
     * acknowledgements and strict checking of dump requests.
     */
    public static native int netlinkOpen(int protocol, int netNs, int receiveTimeoutSeconds);

    /** The port id the kernel gave to a netlink socket: any 32 bits, 0 if it has none. */
    public static native int netlinkPort(int fd);

    /** Sets the socket's buffers in bytes past the system's limit if allowed, else up to it; 0 leaves one as it is. */
    public static native int setBuffers(int fd, int send, int receive);

    /** Sends one datagram to the kernel; the number of bytes. */
    public static native int send(int fd, byte[] from, int offset, int length);

    /** Receives one datagram of the kernel's; its full length, which may be more than was asked for. */
    public static native int receive(int fd, byte[] into, int offset, int length);

    /** Has a netlink socket receive what the kernel tells a group. */
    public static native int subscribe(int fd, int group);

    /** Makes a socket answer EAGAIN where it would wait. */
    public static native int setNonBlocking(int fd);

    /** Adds to the nice value of the calling thread, which is 19 at most: nice(2). */
    static native int nice(int more);

    /** Makes a descriptor to wake a waiting thread with: eventfd(2). */
    public static native int eventOpen();

    /** Makes an event descriptor readable; may be called by any thread, any number of times. */
    public static native int eventSet(int fd);

    /** Makes an event descriptor unreadable. */
    public static native int eventClear(int fd);

    /**
     * Waits until a descriptor is readable or broken, poll(2).
     *
     * @param fds at most 16
     * @param milliseconds how long at most; negative for ever
     * @return a bit for each that is, the first descriptor's the lowest; 0 if the time was up or a signal came
     */
    public static native int await(int[] fds, int milliseconds);

    /**
     * Connects to a unix socket, sends a request and receives until the other end closes.
     *
     * @param milliseconds how long all of it may take
     * @return the number of bytes received; ETIMEDOUT when the time is up, EFBIG if there is more than the array has
     */
    static native int ask(byte[] path, byte[] request, byte[] into, int milliseconds);

    /** The columns of the terminal that a descriptor is, 0 if it does not say; ENOTTY if it is none: ioctl_tty(2). */
    static native int terminalWidth(int fd);

    /** Opens a datagram socket of a family, {@code AF_INET} or {@code AF_INET6}, in the calling thread's network namespace. */
    public static native int datagramOpen(int family);

    /** getsockopt(2): what is asked for stands in the array, and so does the answer; its length. */
    public static native int getOption(int fd, int level, int option, byte[] value);

    /** setsockopt(2). */
    public static native int setOption(int fd, int level, int option, byte[] value);

    /**
     * setsockopt(2) with a struct ipt_replace or ip6t_replace, whose pointer to the old counters is filled in here.
     *
     * @param counters takes what the rules that go have counted: as many as the replacement says
     */
    public static native int replaceTable(int fd, int level, int option, byte[] replacement, byte[] counters);
}
