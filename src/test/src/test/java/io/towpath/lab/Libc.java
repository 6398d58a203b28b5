package io.towpath.lab;

import java.io.IOException;
import java.nio.file.Path;
import jnr.constants.platform.Errno;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.LibraryOption;
import jnr.ffi.Runtime;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import org.jspecify.annotations.Nullable;

/** The system calls of the lab that Java has no method for. */
public final class Libc {
    /** linux/sched.h. */
    private static final int CLONE_NEWNET = 0x40000000;
    /** sys/mount.h. */
    private static final long MS_BIND = 4096;
    /** sys/mount.h. */
    private static final int MNT_DETACH = 2;

    private static final int SIGINT = 2;
    private static final int SIGKILL = 9;
    private static final int SIGTERM = 15;

    private static final Calls CALLS = LibraryLoader.create(Calls.class)
            .option(LibraryOption.SaveError, true)
            .load("c");
    private static final POSIX POSIX_CALLS = POSIXFactory.getNativePOSIX();

    private Libc() {}

    /** The functions that jnr-ffi binds; public because the class it generates lives elsewhere. */
    public interface Calls {
        /** See unshare(2). */
        int unshare(int flags);

        /** See setns(2). */
        int setns(int fd, int type);

        /** See mount(2). */
        int mount(@Nullable String source, String target, @Nullable String type, long flags, @Nullable String data);

        /** See umount2(2). */
        int umount2(String target, int flags);
    }

    /** Puts the calling thread into a new network namespace. It never comes back: let it end. */
    static void unshareNetwork() throws IOException {
        check("unshare", CALLS.unshare(CLONE_NEWNET));
    }

    /** Puts the calling thread into a network namespace. It never comes back: let it end. */
    static void enterNetwork(Path namespace) throws IOException {
        int file = POSIX_CALLS.open(namespace.toString(), 0, 0);
        if (file < 0) {
            throw new IOException("open " + namespace);
        }
        try {
            check("setns " + namespace, CALLS.setns(file, CLONE_NEWNET));
        } finally {
            POSIX_CALLS.close(file);
        }
    }

    /** Makes the source's file or folder appear at the target too. */
    static void bindMount(String source, String target) throws IOException {
        check("mount --bind " + source + " " + target, CALLS.mount(source, target, null, MS_BIND, null));
    }

    /** Mounts a file system in memory. */
    public static void mountTmpfs(String target, String options) throws IOException {
        check("mount -t tmpfs " + target, CALLS.mount("towpath-lab", target, "tmpfs", 0, options));
    }

    /** Unmounts, at once for everybody who comes now, and wholly when the last user is gone. */
    public static void unmount(String target) throws IOException {
        check("umount " + target, CALLS.umount2(target, MNT_DETACH));
    }

    /** Ends a process as a power failure would. No failure if it has ended already. */
    public static void kill(long pid) {
        POSIX_CALLS.kill(pid, SIGKILL);
    }

    /** Interrupts a process, as Ctrl-C does. */
    static void interrupt(long pid) {
        POSIX_CALLS.kill(pid, SIGINT);
    }

    /** Asks a process to end. */
    public static void terminate(long pid) {
        POSIX_CALLS.kill(pid, SIGTERM);
    }

    /** Whether this process may do what root may. */
    static boolean isRoot() {
        return POSIX_CALLS.geteuid() == 0;
    }

    private static void check(String operation, int result) throws IOException {
        if (result != 0) {
            int errno = LastError.getLastError(Runtime.getRuntime(CALLS));
            throw new IOException(operation + ": " + Errno.valueOf(errno).description());
        }
    }
}
