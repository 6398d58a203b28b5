package io.towpath.netlink.nflog;

import static io.towpath.netlink.nflog.NfnetlinkLog.*;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.Hook;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A packet that a rule logged.
 *
 * @param time when it came, as the kernel says or, where it does not, when it was read
 * @param prefix the rule's word for it
 * @param hook where on its way it was
 * @param input the index of the interface that it came in by, 0 for none
 * @param output the index of the interface that it is to leave by, 0 for none
 * @param header what its headers say, null if they are not those of IPv4 or IPv6
 */
public record LoggedPacket(
        Instant time,
        String prefix,
        Hook hook,
        int input,
        int output,
        @Nullable PacketHeader header) {
    /** Length of struct nfgenmsg. */
    private static final int HEADER_LENGTH = 4;

    /** Length of struct nfulnl_msg_packet_timestamp. */
    private static final int TIMESTAMP_LENGTH = 16;

    /** Seconds until the year 3000, more or less: what is beyond is no time. */
    private static final long LAST_SECOND = 32_503_680_000L;

    private static final int MICROS = 1_000_000;

    /**
     * Reads a message of type NFULNL_MSG_PACKET without its netlink header.
     *
     * @param now when it was read
     */
    static LoggedPacket read(ByteBuffer payload, Instant now) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, HEADER_LENGTH);
        Instant time = now;
        String prefix = "";
        Hook hook = Hook.PREROUTING;
        int input = 0;
        int output = 0;
        PacketHeader header = null;
        while (in.next()) {
            switch (in.type()) {
                case NFULA_PACKET_HDR -> hook = hook(in.slice());
                case NFULA_TIMESTAMP -> time = time(in.slice(), now);
                case NFULA_PREFIX -> prefix = in.string();
                case NFULA_IFINDEX_INDEV -> input = in.be32();
                case NFULA_IFINDEX_OUTDEV -> output = in.be32();
                case NFULA_PAYLOAD -> header = PacketHeader.read(in.slice());
                default -> {}
            }
        }
        return new LoggedPacket(time, prefix, hook, input, output, header);
    }

    /** Of struct nfulnl_msg_packet_hdr. */
    private static Hook hook(ByteBuffer header) {
        return header.remaining() < 3 ? Hook.PREROUTING : Hook.of(Family.INET, header.get(2) & 0xff);
    }

    private static Instant time(ByteBuffer timestamp, Instant now) {
        ByteBuffer in = timestamp.order(ByteOrder.BIG_ENDIAN);
        if (in.remaining() < TIMESTAMP_LENGTH) {
            return now;
        }
        long seconds = in.getLong(0);
        long micros = in.getLong(8);
        boolean isTime = seconds > 0 && seconds < LAST_SECOND && micros >= 0 && micros < MICROS;
        return isTime ? Instant.ofEpochSecond(seconds, micros * 1000) : now;
    }
}
