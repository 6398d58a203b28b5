package io.towpath.netlink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.MacAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class AttributeCodecTest {
    private static AttributeReader reader(MessageWriter writer) throws NetlinkException {
        writer.end();
        return new AttributeReader(Recorded.payload(writer.toByteArray()), 0);
    }

    private static MessageWriter writer() {
        return new MessageWriter().begin(1, 0);
    }

    @Test
    void valuesAreReadAsTheyWereWritten() throws Exception {
        MessageWriter out = writer();
        int nest = out.u8(1, 200)
                .be16(2, 8472)
                .u32(3, -5)
                .u64(4, 1L << 40)
                .string(5, "cali0")
                .address(6, IpAddress.parse("10.244.1.5"))
                .address(7, IpAddress.parse("fd00::1"))
                .mac(8, MacAddress.parse("02:00:00:00:00:01"))
                .flag(9)
                .beginNest(10);
        AttributeReader in = reader(out.u32(11, 7).endNest(nest).bytes(12, new byte[] {1, 2, 3}));
        assertTrue(in.next());
        assertEquals(200, in.u8());
        assertTrue(in.next());
        assertEquals(8472, in.be16());
        assertTrue(in.next());
        assertEquals(-5, in.u32());
        assertTrue(in.next());
        assertEquals(1L << 40, in.u64());
        assertTrue(in.next());
        assertEquals("cali0", in.string());
        assertTrue(in.next());
        assertEquals(IpAddress.parse("10.244.1.5"), in.address());
        assertTrue(in.next());
        assertEquals(IpAddress.parse("fd00::1"), in.address());
        assertTrue(in.next());
        assertEquals(MacAddress.parse("02:00:00:00:00:01"), in.mac());
        assertTrue(in.next());
        assertEquals(9, in.type());
        assertEquals(0, in.length());
        assertTrue(in.next());
        assertEquals(10, in.type(), "without the flag of a nest");
        AttributeReader inner = in.nested();
        assertTrue(inner.next());
        assertEquals(7, inner.u32());
        assertFalse(inner.next());
        assertTrue(in.next());
        assertArrayEquals(new byte[] {1, 2, 3}, in.bytes());
        assertFalse(in.next());
    }

    @Test
    void bytesAreWhatTheKernelExpects() {
        MessageWriter out = new MessageWriter().begin(16, 0x605).u8(1, 2).string(3, "lo");
        int nest = out.beginNest(4);
        out.u32(5, 6).endNest(nest).end();
        String expected = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                ? "2c000000" + "1000" + "0506" + "00000000" + "00000000" // header
                        + "0500" + "0100" + "02000000" // padded to 4 bytes
                        + "0700" + "0300" + "6c6f0000"
                        + "0c00" + "0480" + "0800" + "0500" + "06000000"
                : HexFormat.of().formatHex(out.toByteArray());
        assertEquals(expected, HexFormat.of().formatHex(out.toByteArray()));
    }

    @Test
    void mappedAddressStaysOneOfIpv6() throws Exception {
        byte[] mapped = HexFormat.of().parseHex("00000000000000000000ffff0a000001");
        AttributeReader in = reader(writer().bytes(1, mapped));
        assertTrue(in.next());
        assertTrue(in.address().ipv6());
    }

    @Test
    void hardwareAddressOfAnotherLengthIsNone() throws Exception {
        AttributeReader in = reader(writer().bytes(1, new byte[20]));
        assertTrue(in.next());
        assertNull(in.mac());
    }

    @Test
    void tooShortIsMalformed() throws Exception {
        AttributeReader in = reader(writer().bytes(1, new byte[3]));
        assertTrue(in.next());
        assertThrows(NetlinkException.class, in::u32);
        assertThrows(NetlinkException.class, in::u64);
        assertThrows(NetlinkException.class, in::address);
        assertThrows(NetlinkException.class, () -> in.nested(4));
        assertThrows(NetlinkException.class, () -> new AttributeReader(ByteBuffer.allocate(7), 8));
    }

    @Test
    void lengthsOutOfRangeAreMalformed() {
        for (String hex :
                new String[] {"0000010000000000", "0300010000000000", "0900010000000000", "ffff010000000000"}) {
            ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex)).order(ByteOrder.LITTLE_ENDIAN);
            assertThrows(NetlinkException.class, () -> new AttributeReader(bytes, 0).next(), hex);
        }
    }

    @Test
    void messageGrowsAsNeeded() throws Exception {
        MessageWriter out = writer();
        for (int i = 0; i < 10_000; i++) {
            out.u32(1, i);
        }
        AttributeReader in = reader(out);
        for (int i = 0; i < 10_000; i++) {
            assertTrue(in.next());
            assertEquals(i, in.u32());
        }
        assertFalse(in.next());
    }

    @Test
    void attributeHasALimit() {
        assertThrows(IllegalArgumentException.class, () -> writer().bytes(1, new byte[65_533]));
        MessageWriter out = writer();
        int nest = out.beginNest(1);
        out.bytes(2, new byte[40_000]).bytes(2, new byte[40_000]);
        assertThrows(IllegalArgumentException.class, () -> out.endNest(nest));
    }
}
