package io.towpath.policy.compile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranges of addresses, less some of them, and cut into pieces. */
class RangesTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/24, '',                            10.0.0.0-10.0.0.255",
        "10.0.0.0/24, 10.0.0.0/24,                   ''",
        "10.0.0.0/24, 10.0.0.0/25,                   10.0.0.128-10.0.0.255",
        "10.0.0.0/24, 10.0.0.128/25,                 10.0.0.0-10.0.0.127",
        "10.0.0.0/24, 10.0.0.64/26,                  10.0.0.0-10.0.0.63 10.0.0.128-10.0.0.255",
        "10.0.0.0/24, 10.0.0.64/26 10.0.0.128/25,    10.0.0.0-10.0.0.63",
        "10.0.0.0/24, 10.0.0.128/26 10.0.0.0/26,     10.0.0.64-10.0.0.127 10.0.0.192-10.0.0.255",
        "10.0.0.0/24, 10.0.0.0/25 10.0.0.64/32,      10.0.0.128-10.0.0.255",
        "10.0.0.0/24, 10.0.0.64/32 10.0.0.64/26,     10.0.0.0-10.0.0.63 10.0.0.128-10.0.0.255",
        "0.0.0.0/0,   128.0.0.0/1,                   0.0.0.0-127.255.255.255",
        "0.0.0.0/0,   255.255.255.255/32,            0.0.0.0-255.255.255.254",
        "::/0,        8000::/1,                      ::-7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    })
    void whatIsLeftOfABlock(String block, String holes, String rest) {
        List<AddressRange> without = AddressRange.of(IpPrefix.parse(block)).without(ranges(holes));
        assertEquals(rest, without.stream().map(RangesTest::text).collect(Collectors.joining(" ")));
    }

    private static List<AddressRange> ranges(String prefixes) {
        return Stream.of(prefixes.split(" "))
                .filter(text -> !text.isEmpty())
                .map(text -> AddressRange.of(IpPrefix.parse(text)))
                .toList();
    }

    private static String text(AddressRange range) {
        return range.first() + "-" + range.last();
    }

    @ParameterizedTest
    @CsvSource({
        "'10.0.0.0/24', '10.0.1.0/24',             10.0.0.0-10.0.0.255{0} 10.0.1.0-10.0.1.255{1}",
        "'10.0.0.0/24', '10.0.0.0/24',             '10.0.0.0-10.0.0.255{0, 1}'",
        "'10.0.0.0/24', '10.0.0.64/26',            '10.0.0.0-10.0.0.63{0} 10.0.0.64-10.0.0.127{0, 1} 10.0.0.128-10.0.0.255{0}'",
        // Blocks of a group may be in one another.
        "'10.0.0.0/24 10.0.0.0/26', '',            10.0.0.0-10.0.0.63{0} 10.0.0.64-10.0.0.255{0}",
        "'10.0.0.0/24 10.0.0.192/26', '',          10.0.0.0-10.0.0.191{0} 10.0.0.192-10.0.0.255{0}",
        // The highest address of a family has none behind it.
        "'0.0.0.0/0 ::/0', '255.255.255.255/32',   '0.0.0.0-255.255.255.254{0} 255.255.255.255-255.255.255.255{0, 1}"
                + " ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff{0}'",
        "'::/0', 'ffff::/16',                      '::-fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff{0}"
                + " ffff::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff{0, 1}'",
    })
    void piecesSayWhichGroupsTheyLieIn(String first, String second, String pieces) {
        Segments segments = Segments.of(List.of(ranges(first), ranges(second)));
        assertEquals(
                pieces,
                segments.pieces().stream()
                        .map(each -> text(each.range()) + each.blocks())
                        .collect(Collectors.joining(" ")));
    }

    @Test
    void pieceOfAnAddressIsFound() {
        Segments segments = Segments.of(
                List.of(ranges("10.0.0.0/24 10.0.2.0/24"), ranges("10.0.0.128/25"), ranges("fd00::/64"), List.of()));
        assertEquals(BitSet.valueOf(new long[] {1}), segments.at(IpAddress.parse("10.0.0.0")));
        assertEquals(BitSet.valueOf(new long[] {3}), segments.at(IpAddress.parse("10.0.0.255")));
        assertTrue(segments.at(IpAddress.parse("10.0.1.0")).isEmpty());
        assertTrue(segments.at(IpAddress.parse("9.255.255.255")).isEmpty());
        assertEquals(BitSet.valueOf(new long[] {1}), segments.at(IpAddress.parse("10.0.2.255")));
        assertEquals(BitSet.valueOf(new long[] {4}), segments.at(IpAddress.parse("fd00::")));
        assertTrue(segments.at(IpAddress.parse("fd00:0:0:1::")).isEmpty());
        assertTrue(Segments.of(List.of()).isEmpty());
    }
}
