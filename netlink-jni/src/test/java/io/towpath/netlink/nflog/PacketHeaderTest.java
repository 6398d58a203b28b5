package io.towpath.netlink.nflog;

import static io.towpath.netlink.nflog.PacketHeader.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.towpath.net.IpAddress;
import io.towpath.netlink.nft.Hook;
import java.time.Instant;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PacketHeaderTest {
    private static PacketHeader v4(int protocol, int sport, int dport, int flags, int type, int code) {
        return new PacketHeader(
                IpAddress.parse("10.0.0.1"), IpAddress.parse("10.0.0.2"), protocol, sport, dport, flags, type, code);
    }

    private static PacketHeader v6(int protocol, int sport, int dport, int flags, int type, int code) {
        return new PacketHeader(
                IpAddress.parse("fd00::1"), IpAddress.parse("fd00::2"), protocol, sport, dport, flags, type, code);
    }

    private static PacketHeader tcp6() {
        return v6(6, 40000, 80, 2, NONE, NONE);
    }

    @Test
    void portsFlagsAndTypesAreRead() {
        assertEquals(v4(6, 40000, 80, 2, NONE, NONE), Packets.read(Packets.v4(6, Packets.TCP)));
        assertEquals(tcp6(), Packets.read(Packets.v6(6, Packets.TCP)));
        assertEquals(v4(17, 53, 65535, NONE, NONE, NONE), Packets.read(Packets.v4(17, "0035ffff00080000")));
        assertEquals(v6(132, 1, 2, NONE, NONE, NONE), Packets.read(Packets.v6(132, "000100020000000000000000")));
        assertEquals(v4(1, NONE, NONE, NONE, 3, 13), Packets.read(Packets.v4(1, "030d000000000000")));
        assertEquals(v6(58, NONE, NONE, NONE, 128, 0), Packets.read(Packets.v6(58, "8000000000070001")));
        assertEquals(v4(47, NONE, NONE, NONE, NONE, NONE), Packets.read(Packets.v4(47, "0000080000000000")));
    }

    @Test
    void optionsOfIpv4AreSkipped() {
        byte[] packet = Packets.v4(6, "01010100" + Packets.TCP);
        packet[0] = 0x46;
        assertEquals(v4(6, 40000, 80, 2, NONE, NONE), Packets.read(packet));
    }

    @ParameterizedTest
    @CsvSource({
        // Hop by hop; routing of 24 bytes; destination options; the first fragment; authentication of 16 bytes.
        "0, 0600000000000000",
        "43, 060200000000000000000000000000000000000000000000",
        "60, 0600000000000000",
        "44, 0600000100000001",
        "51, 06020000000000000000000000000000",
        "135, 0600000000000000",
        // Several.
        "0, 2b000000000000003c000000000000000600000000000000",
    })
    void extensionHeadersOfIpv6AreSkipped(int first, String extensions) {
        assertEquals(tcp6(), Packets.read(Packets.v6(first, extensions + Packets.TCP)));
    }

    @Test
    void laterFragmentsHaveNoPorts() {
        byte[] packet = Packets.v4(6, Packets.TCP);
        packet[7] = 1;
        assertEquals(v4(6, NONE, NONE, NONE, NONE, NONE), Packets.read(packet));
        packet[6] = 0x20;
        packet[7] = 0;
        assertEquals(v4(6, 40000, 80, 2, NONE, NONE), Packets.read(packet), "the first of several");
        assertEquals(
                v6(6, NONE, NONE, NONE, NONE, NONE), Packets.read(Packets.v6(44, "0600000900000001" + Packets.TCP)));
    }

    @Test
    void whatIsCutOffIsLeftOut() {
        byte[] whole = Packets.v6(0, "0600000000000000" + Packets.TCP);
        for (int length = 0; length <= whole.length; length++) {
            PacketHeader expected = expected(length);
            assertEquals(expected, Packets.read(Arrays.copyOf(whole, length)), length + " bytes");
        }
    }

    private static @Nullable PacketHeader expected(int length) {
        if (length < 40) {
            return null;
        }
        int protocol = length < 48 ? 0 : 6;
        boolean hasPorts = length >= 52;
        return v6(protocol, hasPorts ? 40000 : NONE, hasPorts ? 80 : NONE, length >= 62 ? 2 : NONE, NONE, NONE);
    }

    @ParameterizedTest
    @ValueSource(bytes = {0x00, 0x35, 0x44, 0x4f, 0x55, 0x70, (byte) 0xff})
    void whatIsNoHeaderIsNone(byte first) {
        byte[] packet = Arrays.copyOf(Packets.v4(6, Packets.TCP), first == 0x4f ? 19 : 40);
        packet[0] = first;
        assertNull(Packets.read(packet));
    }

    @Test
    void anAddressOfIpv6RemainsOne() {
        byte[] packet = Packets.v6(6, Packets.TCP);
        Arrays.fill(packet, 8, 18, (byte) 0);
        packet[18] = (byte) 0xff;
        packet[19] = (byte) 0xff;
        PacketHeader header = Packets.read(packet);
        assertEquals(true, header != null && header.source().ipv6());
    }

    @Test
    void aMessageIsReadWhole() throws Exception {
        Instant now = Instant.ofEpochSecond(5);
        byte[] packet = Packets.v4(6, Packets.TCP);
        assertEquals(
                new LoggedPacket(
                        Instant.ofEpochSecond(1_800_000_000, 7000),
                        "denied-in",
                        Hook.FORWARD,
                        3,
                        4,
                        v4(6, 40000, 80, 2, NONE, NONE)),
                LoggedPacket.read(Packets.payload(Packets.message(packet)), now));
        assertEquals(
                new LoggedPacket(now, "", Hook.PREROUTING, 0, 0, null),
                LoggedPacket.read(Packets.payload(new byte[4]), now));
    }
}
