package io.towpath.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import jnr.constants.platform.Errno;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.LibraryOption;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;
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
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;

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

        /** See socket(2). */
        int socket(int domain, int type, int protocol);

        /** See bind(2). */
        int bind(int fd, @In byte[] address, int addressLength);

        /** See setsockopt(2). */
        int setsockopt(int fd, int level, int option, @In long[] value, int length);

        /** See sendto(2). */
        @ssize_t
        long sendto(int fd, @In byte[] buffer, @size_t long length, int flags, @In byte[] address, int addressLength);

        /** See recvfrom(2). */
        @ssize_t
        long recvfrom(
                int fd,
                @Out byte[] buffer,
                @size_t long length,
                int flags,
                @Out byte[] address,
                @In @Out int[] addressLength);

        /** See close(2). */
        int close(int fd);
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

    /** Has a process stand still. */
    static void pause(long pid) {
        POSIX_CALLS.kill(pid, SIGSTOP);
    }

    /** Has a process go on that stands still. */
    static void resume(long pid) {
        POSIX_CALLS.kill(pid, SIGCONT);
    }

    /** Whether this process may do what root may. */
    static boolean isRoot() {
        return POSIX_CALLS.geteuid() == 0;
    }

    private static void check(String operation, long result) throws IOException {
        if (result < 0) {
            int errno = LastError.getLastError(Runtime.getRuntime(CALLS));
            throw new IOException(operation + ": " + Errno.valueOf(errno).description());
        }
    }

    /** A socket for the packets of one protocol above IP, in the namespace of the thread that opens it. */
    static final class RawSocket implements AutoCloseable {
        /** sys/socket.h. */
        private static final int AF_INET = 2;

        private static final int AF_INET6 = 10;
        private static final int SOCK_RAW = 3;
        private static final int SOL_SOCKET = 1;
        private static final int SO_RCVTIMEO = 20;
        private static final int TIMEOUT_MICROSECONDS = 200_000;
        private static final int LONGEST = 2048;
        /** Where struct sockaddr_in and sockaddr_in6 have the address. */
        private static final int ADDRESS_AT_V4 = 4;

        private static final int ADDRESS_AT_V6 = 8;
        private static final int SOCKADDR_V4 = 16;
        private static final int SOCKADDR_V6 = 28;

        private final int fd;
        private final boolean ipv6;

        private RawSocket(int fd, boolean ipv6) {
            this.fd = fd;
            this.ipv6 = ipv6;
        }

        /** What came, without the header of IP. */
        record Datagram(InetAddress from, ByteBuffer payload) {}

        static RawSocket open(boolean ipv6, int protocol) throws IOException {
            int fd = CALLS.socket(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW, protocol);
            check("socket", fd);
            long[] timeout = {0, TIMEOUT_MICROSECONDS};
            check("setsockopt", CALLS.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, timeout, 2 * Long.BYTES));
            return new RawSocket(fd, ipv6);
        }

        /** Receives what is for one address alone, and sends from it. */
        void bind(InetAddress own) throws IOException {
            byte[] address = sockaddr(own);
            check("bind " + own, CALLS.bind(fd, address, address.length));
        }

        private byte[] sockaddr(InetAddress of) {
            byte[] address = new byte[ipv6 ? SOCKADDR_V6 : SOCKADDR_V4];
            ByteBuffer.wrap(address)
                    .order(ByteOrder.nativeOrder())
                    .putShort((short) (ipv6 ? AF_INET6 : AF_INET))
                    .put(ipv6 ? ADDRESS_AT_V6 : ADDRESS_AT_V4, of.getAddress());
            return address;
        }

        void send(InetAddress to, byte[] payload) throws IOException {
            byte[] address = sockaddr(to);
            check("sendto " + to, CALLS.sendto(fd, payload, payload.length, 0, address, address.length));
        }

        /** Null if nothing comes for a while. */
        @Nullable
        Datagram receive() throws IOException {
            byte[] buffer = new byte[LONGEST];
            byte[] address = new byte[SOCKADDR_V6];
            int[] length = {address.length};
            int received = (int) CALLS.recvfrom(fd, buffer, buffer.length, 0, address, length);
            if (received < 0) {
                return null;
            }
            // Only IPv4's comes with its header.
            int start = ipv6 ? 0 : (buffer[0] & 0xf) * 4;
            int at = ipv6 ? ADDRESS_AT_V6 : ADDRESS_AT_V4;
            InetAddress from = InetAddress.getByAddress(Arrays.copyOfRange(address, at, at + (ipv6 ? 16 : 4)));
            return new Datagram(from, ByteBuffer.wrap(Arrays.copyOfRange(buffer, start, received)));
        }

        @Override
        public void close() {
            CALLS.close(fd);
        }
    }

    /** A socket that sends frames by one interface of the namespace of the thread that opens it. */
    static final class LinkSocket implements AutoCloseable {
        /** sys/socket.h. */
        private static final int AF_PACKET = 17;

        private static final int SOCK_DGRAM = 2;
        private static final int MAC_LENGTH = 6;

        /** Length of struct sockaddr_ll. */
        private static final int SOCKADDR_LL = 20;

        private final int fd;
        private final int linkIndex;

        private LinkSocket(int fd, int linkIndex) {
            this.fd = fd;
            this.linkIndex = linkIndex;
        }

        static LinkSocket open(int linkIndex) throws IOException {
            int fd = CALLS.socket(AF_PACKET, SOCK_DGRAM, 0);
            check("socket", fd);
            return new LinkSocket(fd, linkIndex);
        }

        /** Sends what follows the Ethernet header. */
        void send(byte[] mac, int protocol, byte[] payload) throws IOException {
            byte[] address = new byte[SOCKADDR_LL];
            ByteBuffer.wrap(address)
                    .order(ByteOrder.nativeOrder())
                    .putShort((short) AF_PACKET)
                    .putShort(Short.reverseBytes((short) protocol))
                    .putInt(linkIndex)
                    .putShort((short) 0)
                    .put((byte) 0)
                    .put((byte) MAC_LENGTH)
                    .put(mac);
            check("sendto", CALLS.sendto(fd, payload, payload.length, 0, address, address.length));
        }

        @Override
        public void close() {
            CALLS.close(fd);
        }
    }
}
