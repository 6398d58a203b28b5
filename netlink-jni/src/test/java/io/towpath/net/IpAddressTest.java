package io.towpath.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpAddressTest {
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "10.244.1.5, 10.244.1.5",
        "::, ::",
        "::1, ::1",
        "1::, 1::",
        "fd00:0:0:1::, fd00:0:0:1::",
        "FD00::ABCD, fd00::abcd",
        "2001:0db8:0000:0000:0001:0000:0000:0001, 2001:db8::1:0:0:1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "1:0:0:2:0:0:0:3, 1:0:0:2::3",
        "64:ff9b::192.0.2.33, 64:ff9b::c000:221",
        "::ffff:10.0.0.1, 10.0.0.1",
        "fe80::ecee:eeff:feee:eeee, fe80::ecee:eeff:feee:eeee"
    })
    void isWrittenInItsCanonicalForm(String text, String canonical) {
        assertEquals(canonical, IpAddress.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ".",
                "1.2.3",
                "1.2.3.4.5",
                "1.2.3.256",
                "01.2.3.4",
                "1.2.3.4 ",
                "1.2.3.-4",
                "1.2.3.0x4",
                "1..2.3",
                ":",
                ":::",
                "1::2::3",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4:5:6:7::8",
                "12345::",
                "g::",
                "::1%eth0",
                "1:",
                ":1",
                "::1.2.3",
                "1:2:3:4:5:6:7:1.2.3.4",
                "::1.2.3.4:5",
                "٣::",
                "1.2.3.٤",
                "/etc/passwd"
            })
    void refusesWhatIsNone(String text) {
        assertNull(IpAddress.tryParse(text));
        assertThrows(IllegalArgumentException.class, () -> IpAddress.parse(text));
    }

    @Property
    void agreesWithTheJdkOnIpv6(@ForAll long high, @ForAll long low) throws UnknownHostException {
        IpAddress address = new IpAddress(true, high, low);
        assertArrayEquals(InetAddress.getByName(address.toString()).getAddress(), address.bytes());
        assertEquals(address, IpAddress.parse(address.toString()));
    }

    @Property
    void agreesWithTheJdkOnIpv4(@ForAll int number) throws UnknownHostException {
        IpAddress address = new IpAddress(false, 0, Integer.toUnsignedLong(number));
        assertEquals(InetAddress.getByAddress(address.bytes()).getHostAddress(), address.toString());
        assertEquals(address, IpAddress.parse(address.toString()));
        assertEquals(address, IpAddress.of(address.bytes()));
    }

    @Test
    void countsUpAndDownAndAround() {
        assertEquals(IpAddress.parse("10.0.1.0"), IpAddress.parse("10.0.0.255").next());
        assertEquals(IpAddress.parse("10.0.0.255"), IpAddress.parse("10.0.1.0").previous());
        assertEquals(
                IpAddress.parse("0.0.0.0"), IpAddress.parse("255.255.255.255").next());
        assertEquals(
                IpAddress.parse("255.255.255.255"), IpAddress.parse("0.0.0.0").previous());
        assertEquals(
                IpAddress.parse("1:0:0:1::"),
                IpAddress.parse("1::ffff:ffff:ffff:ffff").next());
        assertEquals(
                IpAddress.parse("1::ffff:ffff:ffff:ffff"),
                IpAddress.parse("1:0:0:1::").previous());
    }

    @Test
    void isMaskedAtAnyLength() {
        assertEquals(
                IpAddress.parse("10.244.1.0"), IpAddress.parse("10.244.1.255").masked(24));
        assertEquals(IpAddress.parse("0.0.0.0"), IpAddress.parse("10.244.1.255").masked(0));
        assertEquals(
                IpAddress.parse("10.244.1.255"), IpAddress.parse("10.244.1.255").masked(32));
        IpAddress six = IpAddress.parse("fd00:1:2:3:4:5:6:7");
        assertEquals(IpAddress.parse("::"), six.masked(0));
        assertEquals(IpAddress.parse("fd00:1:2:3::"), six.masked(64));
        assertEquals(IpAddress.parse("fd00:1:2:3:4::"), six.masked(80));
        assertEquals(six, six.masked(128));
    }

    @Test
    void isOrderedByFamilyThenNumber() {
        List<IpAddress> ordered = Stream.of("0.0.0.1", "127.0.0.1", "200.0.0.1", "::1", "7f::", "8000::", "ffff::")
                .map(IpAddress::parse)
                .toList();
        assertEquals(ordered, ordered.reversed().stream().sorted().toList());
    }

    @Test
    void refusesBytesOfAnotherNumber() {
        assertThrows(IllegalArgumentException.class, () -> IpAddress.of(new byte[5]));
        assertThrows(IllegalArgumentException.class, () -> new IpAddress(false, 0, 1L << 32));
        assertThrows(IllegalArgumentException.class, () -> new IpAddress(false, 1, 0));
    }

    @Test
    void prefixIsParsedStrictly() {
        assertEquals("10.244.1.5/24", IpPrefix.parse("10.244.1.5/24").toString());
        assertEquals("fd00::/8", IpPrefix.parse("fd00::/8").toString());
        for (String text : List.of(
                "10.0.0.1",
                "10.0.0.1/",
                "10.0.0.1/33",
                "10.0.0.1/-1",
                "10.0.0.1/+8",
                "10.0.0.1/08",
                "10.0.0.1/8/8",
                "fd00::/129",
                "/8",
                "10.0.0.1/٨",
                "10.0.0.1/1000000000000")) {
            assertNull(IpPrefix.tryParse(text), text);
            assertThrows(IllegalArgumentException.class, () -> IpPrefix.parse(text));
        }
    }

    @Test
    void prefixKnowsWhatIsInIt() {
        IpPrefix slice = IpPrefix.parse("10.244.1.0/24");
        assertTrue(slice.contains(IpAddress.parse("10.244.1.255")));
        assertFalse(slice.contains(IpAddress.parse("10.244.2.0")));
        assertFalse(slice.contains(IpAddress.parse("::10.244.1.0")));
        assertTrue(IpPrefix.parse("10.244.0.0/16").contains(slice));
        assertFalse(slice.contains(IpPrefix.parse("10.244.0.0/16")));
        assertTrue(slice.overlaps(IpPrefix.parse("10.0.0.0/8")));
        assertFalse(slice.overlaps(IpPrefix.parse("10.244.2.0/24")));
        assertEquals(IpAddress.parse("10.244.1.255"), slice.last());
        assertEquals(
                IpAddress.parse("fd00::ffff:ffff:ffff:ffff"),
                IpPrefix.parse("fd00::/64").last());
        assertTrue(slice.isNetwork());
        assertFalse(IpPrefix.parse("10.244.1.5/24").isNetwork());
        assertEquals(slice, IpPrefix.parse("10.244.1.5/24").network());
        assertEquals(
                "10.244.1.5/32", IpPrefix.host(IpAddress.parse("10.244.1.5")).toString());
    }

    /** As many as a table of so many hashes lets them be when it looks at their low bits. */
    @Test
    void hashesOfSlicesDiffer() {
        Set<Integer> places = new HashSet<>();
        for (int i = 0; i < 5000; i++) {
            int hash = IpAddress.parse("10." + i / 256 + "." + i % 256 + ".0").hashCode();
            places.add((hash ^ (hash >>> 16)) & 0x3fff);
        }
        assertTrue(places.size() > 4000, () -> places.size() + " places of 5000");
    }

    @Test
    void macAddressIsReadAndWritten() {
        MacAddress mac = MacAddress.parse("EE:ee:00:0a:ff:01");
        assertEquals("ee:ee:00:0a:ff:01", mac.toString());
        assertEquals(mac, MacAddress.of(mac.bytes()));
        assertFalse(mac.isMulticast());
        assertTrue(MacAddress.parse("01:00:5e:00:00:01").isMulticast());
        for (String text : List.of(
                "",
                "ee:ee:ee:ee:ee",
                "ee:ee:ee:ee:ee:e",
                "ee-ee-ee-ee-ee-ee",
                "ee:ee:ee:ee:ee:eg",
                "ee:ee:ee:ee:ee:ee:ee",
                "ee:ee:ee:ee:ee:٣٣")) {
            assertNull(MacAddress.tryParse(text), text);
        }
        assertThrows(IllegalArgumentException.class, () -> MacAddress.of(new byte[5]));
        assertThrows(IllegalArgumentException.class, () -> new MacAddress(1L << 48));
    }

    @Property
    void derivedMacAddressIsOneToGiveAway(@ForAll long bits) {
        MacAddress mac = MacAddress.locallyAdministered(bits);
        assertFalse(mac.isMulticast());
        assertNotNull(MacAddress.tryParse(mac.toString()));
        assertEquals(2, mac.bytes()[0] & 3);
    }
}
