package io.towpath.netlink.nflog;

import io.towpath.netlink.MessageWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Packets by hand, and messages with them. */
final class Packets {
    static final String V4 = "450000280001000040%s00000a0000010a000002";
    static final String V6 =
            "6000000000%s%s40" + "fd000000000000000000000000000001" + "fd000000000000000000000000000002";
    /** From port 40,000 to 80, SYN. */
    static final String TCP = "9c40005000000001000000005002400000000000";

    private Packets() {}

    static byte[] v4(int protocol, String rest) {
        return HexFormat.of().parseHex(V4.formatted("%02x".formatted(protocol)) + rest);
    }

    static byte[] v6(int protocol, String rest) {
        return HexFormat.of().parseHex(V6.formatted("14", "%02x".formatted(protocol)) + rest);
    }

    static @Nullable PacketHeader read(byte[] packet) {
        return PacketHeader.read(ByteBuffer.wrap(packet));
    }

    /** A message as the kernel makes it, without its netlink header. */
    static byte[] message(byte[] packet) {
        return new MessageWriter()
                .u8(2)
                .u8(0)
                .u16(0)
                .bytes(NfnetlinkLog.NFULA_PACKET_HDR, new byte[] {8, 0, 2, 0})
                .string(NfnetlinkLog.NFULA_PREFIX, "denied-in")
                .be32(NfnetlinkLog.NFULA_IFINDEX_INDEV, 3)
                .be32(NfnetlinkLog.NFULA_IFINDEX_OUTDEV, 4)
                .bytes(
                        NfnetlinkLog.NFULA_TIMESTAMP,
                        ByteBuffer.allocate(16)
                                .putLong(1_800_000_000)
                                .putLong(7)
                                .array())
                .bytes(NfnetlinkLog.NFULA_PAYLOAD, packet)
                .toByteArray();
    }

    static ByteBuffer payload(byte[] message) {
        return ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
    }
}
