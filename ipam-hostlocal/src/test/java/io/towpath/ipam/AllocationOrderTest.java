package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.IpAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which address comes next, as the reference plugin has it. */
class AllocationOrderTest {
    @TempDir(factory = MemoryFolder.class)
    Path dataDir;

    Store store;

    @BeforeEach
    void open() {
        store = new Store(dataDir);
    }

    /** The ranges of one set, by their subnets. */
    private static IpamConfig set(String subnets) throws Exception {
        List<String> ranges = new ArrayList<>();
        for (String subnet : subnets.split(" ", -1)) {
            ranges.add("{'subnet':'" + subnet + "'}");
        }
        return Store.ipam("{'ranges':[[" + String.join(",", ranges) + "]]}");
    }

    private String next(IpamConfig config, String containerId) throws Exception {
        return store.open("1")
                .allocate(config, Store.eth0(containerId))
                .getFirst()
                .address()
                .toString();
    }

    private void given(String taken, String last) throws Exception {
        Files.createDirectories(store.network());
        for (String address : taken.split(" ", -1)) {
            if (!address.isEmpty()) {
                store.foreign(address, "id\r\neth0");
            }
        }
        Files.writeString(store.network().resolve("last_reserved_ip.0"), last);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10.0.0.0/29                         | ''                                  | ''         | 10.0.0.2/29",
                "2001:db8:1::/64                     | ''                                  | ''         | 2001:db8:1::2/64",
                "10.0.0.0/30                         | ''                                  | ''         | 10.0.0.2/30",
                "10.0.0.0/29                         | 10.0.0.2                            | ''         | 10.0.0.3/29",
                "10.0.0.0/29                         | ''                                  | 10.0.0.5   | 10.0.0.6/29",
                "10.0.0.0/29                         | 10.0.0.4 10.0.0.5                   | 10.0.0.3   | 10.0.0.6/29",
                "10.0.0.0/29                         | 10.0.0.6                            | 10.0.0.5   | 10.0.0.2/29",
                "10.0.0.0/29                         | 10.0.0.2                            | 10.0.0.128 | 10.0.0.3/29",
                "10.0.0.0/29                         | 10.0.0.2 10.0.0.4 10.0.0.5 10.0.0.6 | 10.0.0.3   | 10.0.0.3/29",
                "10.0.0.0/30 10.0.1.0/30             | ''                                  | ''         | 10.0.0.2/30",
                "10.0.0.0/30 10.0.1.0/30             | ''                                  | 10.0.0.2   | 10.0.1.2/30",
                "10.0.0.0/30 10.0.1.0/30 10.0.2.0/30 | ''                                  | 10.0.2.2   | 10.0.0.2/30",
                "10.0.0.0/29                         | ''                                  | garbage    | 10.0.0.2/29",
            })
    void continuesAfterTheLastOne(String subnets, String taken, String last, String expected) throws Exception {
        given(taken, last);
        assertEquals(expected, next(set(subnets), "a"));
        assertEquals(
                expected.substring(0, expected.indexOf('/')),
                Files.readString(store.network().resolve("last_reserved_ip.0")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10.0.0.0/30             | 10.0.0.2",
                "10.0.0.0/29             | 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6",
                "10.0.0.0/30 10.0.1.0/30 | 10.0.0.2 10.0.1.2",
            })
    void saysWhichSetIsFull(String subnets, String taken) throws Exception {
        given(taken, "");
        IpamException e = assertThrows(IpamException.class, () -> next(set(subnets), "a"));
        assertTrue(
                e.message()
                        .startsWith(
                                "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-"),
                e.message());
        assertEquals(
                IpamException.NOT_AVAILABLE,
                assertThrows(IpamException.class, () -> store.open("1").status(set(subnets)))
                        .code());
    }

    @ParameterizedTest
    @CsvSource({"'', 192.168.1.2", "192.168.1.3, 192.168.1.4", "192.168.1.6, 192.168.1.2"})
    void goesRoundOnceLeavingOutGatewayAndBroadcast(String last, String first) throws Exception {
        RangeCursor cursor = new RangeCursor(
                set("192.168.1.0/29").rangeSets().getFirst(), last.isEmpty() ? null : IpAddress.parse(last));
        List<String> round = new ArrayList<>();
        for (IpAddress address = cursor.next(); address != null; address = cursor.next()) {
            round.add(address.toString());
        }
        assertEquals(first, round.getFirst());
        assertEquals(
                List.of("192.168.1.2", "192.168.1.3", "192.168.1.4", "192.168.1.5", "192.168.1.6"),
                round.stream().sorted().toList());
    }

    @Test
    void theEndOfOneRangeIsFollowedByTheStartOfTheNext() throws Exception {
        RangeSet set = Store.ipam(
                        "{'ranges':[[{'subnet':'192.168.1.0/30','rangeStart':'192.168.1.0','rangeEnd':'192.168.1.3'},"
                                + "{'subnet':'192.168.2.0/30','rangeStart':'192.168.2.0','rangeEnd':'192.168.2.3'}]]}")
                .rangeSets()
                .getFirst();
        assertEquals(IpAddress.parse("192.168.2.0"), new RangeCursor(set, IpAddress.parse("192.168.1.3")).next());
        assertEquals(IpAddress.parse("192.168.1.0"), new RangeCursor(set, null).next());
    }

    @Test
    void aRangeThatIsOnlyItsGatewayGivesNothing() throws Exception {
        IpamConfig config = Store.ipam("{'subnet':'10.0.0.0/24','rangeStart':'10.0.0.1','rangeEnd':'10.0.0.1'}");
        assertThrows(IpamException.class, () -> next(config, "a"));
        assertThrows(IpamException.class, () -> store.open("1").status(config));
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.2", "10.0.0.5", "10.0.0.1"})
    void aRequestOutsideTheRangeOrForTheGatewayIsRefused(String address) throws Exception {
        IpamConfig config = Store.config("{'cniVersion':'1.0.0','name':'net','runtimeConfig':{'ips':['" + address
                + "']},'ipam':{'subnet':'10.0.0.0/29','rangeStart':'10.0.0.3','rangeEnd':'10.0.0.4'}}");
        assertThrows(IpamException.class, () -> next(config, "a"));
        assertTrue(store.leases().isEmpty());
    }
}
