package io.towpath.policy.nft;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Sends whole packets from the namespace of the calling thread, which nothing in the JDK can. */
final class RawSocket {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_RAW = 3;
    private static final int IPPROTO_RAW = 255;
    private static final int REFUSED = -1;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SOCKET = function(
            "socket",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle SENDTO = function(
            "sendto",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.ADDRESS,
                    ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE =
            function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private RawSocket() {}

    @SuppressWarnings("restricted") // three functions of the C library
    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor);
    }

    /** A packet that is dropped at the sender's own output is refused, and that is not told here: counters do. */
    static void send(RawPacket packet) {
        boolean ipv6 = packet.destination().ipv6();
        byte[] bytes = packet.bytes();
        byte[] address = new byte[ipv6 ? 28 : 16];
        ByteBuffer.wrap(address)
                .order(ByteOrder.nativeOrder())
                .putShort((short) (ipv6 ? AF_INET6 : AF_INET))
                .position(ipv6 ? 8 : 4)
                .put(packet.destination().bytes());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            MemorySegment to = arena.allocateFrom(ValueLayout.JAVA_BYTE, address);
            int socket = (int) SOCKET.invokeExact(ipv6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW);
            long sent = (long) SENDTO.invokeExact(socket, data, (long) bytes.length, 0, to, address.length);
            int closed = (int) CLOSE.invokeExact(socket);
            if ((sent != bytes.length && sent != REFUSED) || closed != 0) {
                throw new AssertionError("sent " + sent + " of " + bytes.length + " bytes");
            }
        } catch (AssertionError e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
