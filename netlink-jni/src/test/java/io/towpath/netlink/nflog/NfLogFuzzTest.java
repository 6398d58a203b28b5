package io.towpath.netlink.nflog;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class NfLogFuzzTest {
    private static final List<byte[]> PACKETS = List.of(
            Packets.v4(6, Packets.TCP),
            Packets.v4(1, "030d000000000000"),
            Packets.v6(6, Packets.TCP),
            Packets.v6(0, "2b000000000000002c00000000000000" + "3300000000000000" + "06020000000000000000000000000000"),
            Packets.v6(60, "3c003c003c003c003c003c003c003c003c003c00"));

    /** A change of one byte, at a position that is taken modulo what there is. */
    record Change(int at, byte value) {}

    @Provide
    Arbitrary<byte[]> packets() {
        return mutated(PACKETS);
    }

    @Provide
    Arbitrary<byte[]> messages() {
        return mutated(PACKETS.stream().map(Packets::message).toList());
    }

    private static Arbitrary<byte[]> mutated(List<byte[]> originals) {
        Arbitrary<Byte> value = Arbitraries.oneOf(
                Arbitraries.bytes(),
                Arbitraries.of((byte) 0, (byte) 4, (byte) 43, (byte) 44, (byte) 51, (byte) 60, (byte) 0x7f, (byte) -1));
        Arbitrary<Change> change = Combinators.combine(Arbitraries.integers().between(0, 200), value)
                .as(Change::new);
        Arbitrary<Integer> cut = Arbitraries.integers().between(0, 200);
        return Combinators.combine(Arbitraries.of(originals), change.list().ofMaxSize(8), cut)
                .as(NfLogFuzzTest::mutate);
    }

    private static byte[] mutate(byte[] original, List<Change> changes, int cut) {
        byte[] result = Arrays.copyOf(original, cut % 2 == 0 ? original.length : Math.max(1, original.length - cut));
        for (Change change : changes) {
            result[change.at() % result.length] = change.value();
        }
        return result;
    }

    @Property(tries = 20_000)
    void nothingIsThrownOfMutatedPackets(@ForAll("packets") byte[] packet) {
        PacketHeader header = Packets.read(packet);
        if (header != null) {
            assertTrue(header.sourcePort() >= PacketHeader.NONE && header.sourcePort() <= 0xffff, header::toString);
            assertTrue(header.protocol() >= 0 && header.protocol() <= 0xff, header::toString);
        }
    }

    @Property(tries = 5_000)
    void nothingIsThrownOfNoise(@ForAll byte[] noise) {
        nothingIsThrownOfMutatedPackets(noise);
        nothingButNetlinkExceptionComesOfMutatedMessages(noise);
    }

    @Property(tries = 10_000)
    void nothingButNetlinkExceptionComesOfMutatedMessages(@ForAll("messages") byte[] message) {
        try {
            var _ = LoggedPacket.read(Packets.payload(message), Instant.EPOCH).toString();
        } catch (NetlinkException e) {
            assertTrue(e.is(Errno.EBADMSG), e.getMessage());
        }
    }
}
