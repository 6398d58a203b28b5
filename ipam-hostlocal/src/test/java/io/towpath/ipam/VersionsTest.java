package io.towpath.ipam;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What the reference plugin promises, for configurations of every version. */
@ParameterizedClass
@ValueSource(strings = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
class VersionsTest {
    @TempDir(factory = MemoryFolder.class)
    Path dataDir;

    @Parameter
    String version = "";

    Store store;
    HostLocal hostLocal;

    @BeforeEach
    void open() {
        store = new Store(dataDir);
        hostLocal = store.open("1");
    }

    private IpamConfig config(String rest) throws Exception {
        return Store.config(
                "{'cniVersion':'" + version + "','name':'net','type':'ipvlan','master':'foo0'," + rest + "}");
    }

    private List<String> add(IpamConfig config, Attachment attachment) throws Exception {
        List<String> addresses = new ArrayList<>();
        for (AllocatedIp ip : hostLocal.allocate(config, attachment)) {
            addresses.add(ip.address() + " via " + ip.gateway());
        }
        return addresses;
    }

    private boolean severalPerFamily() {
        return !version.startsWith("0.1") && !version.startsWith("0.2");
    }

    private String refusal(String rest) {
        return assertThrows(IpamException.class, () -> add(config(rest), Store.eth0("dummy")))
                .message();
    }

    private void assertRefusedForItsVersion(String rest) {
        assertEquals("CNI version " + version + " does not support more than 1 address per family", refusal(rest));
    }

    @Test
    void addressesAreLeasedAndReleased() throws Exception {
        Path resolvConf = Files.writeString(dataDir.resolve("resolv.conf"), "nameserver 192.0.2.3");
        IpamConfig config = config("'ipam':{'type':'host-local','resolvConf':'" + resolvConf
                + "','ranges':[[{'subnet':'10.1.2.0/24'},{'subnet':'10.2.2.0/24'}],[{'subnet':'2001:db8:1::0/64'}]],"
                + "'routes':[{'dst':'0.0.0.0/0'},{'dst':'::/0'},{'dst':'192.168.0.0/16','gw':'1.1.1.1'},"
                + "{'dst':'2001:db8:2::0/64','gw':'2001:db8:3::1'}]}");
        assertEquals(
                List.of("10.1.2.2/24 via 10.1.2.1", "2001:db8:1::2/64 via 2001:db8:1::1"),
                add(config, Store.eth0("dummy")));
        assertEquals(4, config.routes().size());
        assertEquals("1.1.1.1", String.valueOf(config.routes().get(2).gateway()));
        assertEquals(List.of("192.0.2.3"), HostLocal.dns(config).nameservers());
        assertEquals(Map.of("10.1.2.2", "dummy\r\neth0", "2001:db8:1::2", "dummy\r\neth0"), store.leases());
        assertEquals("10.1.2.2", Files.readString(store.network().resolve("last_reserved_ip.0")));
        assertEquals("2001:db8:1::2", Files.readString(store.network().resolve("last_reserved_ip.1")));
        hostLocal.check(Store.eth0("dummy"), List.of());
        hostLocal.release(Store.eth0("dummy"));
        assertEquals(Map.of(), store.leases());
        assertThrows(IpamException.class, () -> hostLocal.check(Store.eth0("dummy"), List.of()));
    }

    @Test
    void eachInterfaceOfAContainerHasItsOwn() throws Exception {
        Attachment eth1 = new Attachment("dummy", "eth1");
        assertEquals(
                List.of("10.1.2.2/24 via 10.1.2.1"),
                add(config("'ipam':{'subnet':'10.1.2.0/24'}"), Store.eth0("dummy")));
        assertEquals(List.of("10.2.2.2/24 via 10.2.2.1"), add(config("'ipam':{'subnet':'10.2.2.0/24'}"), eth1));
        assertEquals(Map.of("10.1.2.2", "dummy\r\neth0", "10.2.2.2", "dummy\r\neth1"), store.leases());
        hostLocal.release(Store.eth0("dummy"));
        assertEquals(Map.of("10.2.2.2", "dummy\r\neth1"), store.leases());
        hostLocal.release(eth1);
        assertEquals(Map.of(), store.leases());
    }

    @Test
    void aSecondAddForTheSameInterfaceIsRefused() throws Exception {
        String subnet = "'ipam':{'subnet':'10.1.2.0/24'}";
        add(config(subnet), Store.eth0("dummy"));
        assertEquals(
                "failed to allocate for range 0: 10.1.2.2 has been allocated to dummy, duplicate allocation is not allowed",
                refusal(subnet));
        assertEquals(List.of("10.1.2.3/24 via 10.1.2.1"), add(config(subnet), new Attachment("dummy", "eth1")));
        hostLocal.release(Store.eth0("dummy"));
        assertEquals(Map.of("10.1.2.3", "dummy\r\neth1"), store.leases());
    }

    @Test
    void aLeaseThatNamesOnlyTheContainerIsReleased() throws Exception {
        store.foreign("10.1.2.2", "dummy");
        hostLocal.check(Store.eth0("dummy"), List.of());
        assertTrue(refusal("'ipam':{'subnet':'10.1.2.0/24'}").contains("10.1.2.2 has been allocated to dummy"));
        hostLocal.release(Store.eth0("dummy"));
        assertEquals(Map.of(), store.leases());
    }

    @Test
    void releaseOfAnUnknownContainerIsNoError() throws Exception {
        add(config("'ipam':{'subnet':'10.1.2.0/24'}"), Store.eth0("known"));
        hostLocal.release(Store.eth0("unknown"));
        assertEquals(1, store.leases().size());
    }

    @Test
    void whiteSpaceInLeasesIsIgnored() throws Exception {
        IpamConfig config = config("'ipam':{'subnet':'10.1.2.0/24'}");
        add(config, Store.eth0("dummy"));
        Files.writeString(store.network().resolve("10.1.2.2"), " dummy\r\neth0\n\n");
        store.foreign("10.1.2.3", "\tother \r\n eth0 ");
        hostLocal.check(Store.eth0("other"), List.of());
        hostLocal.release(Store.eth0("dummy"));
        hostLocal.release(Store.eth0("other"));
        assertEquals(Map.of(), store.leases());
    }

    @Test
    void requestsOfTheOperatorAreMet() throws Exception {
        IpamConfig config =
                config("'args':{'cni':{'ips':['10.1.2.88']}},'ipam':{'ranges':[[{'subnet':'10.1.2.0/24'}]]}");
        assertEquals(List.of("10.1.2.88/24 via 10.1.2.1"), add(config, Store.eth0("dummy")));
    }

    @Test
    void requestsInSeveralSetsAreMet() throws Exception {
        String rest = "'args':{'cni':{'ips':['10.1.2.88','10.1.3.77']}},"
                + "'ipam':{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'10.1.3.0/24'}]]}";
        if (severalPerFamily()) {
            assertEquals(
                    List.of("10.1.2.88/24 via 10.1.2.1", "10.1.3.77/24 via 10.1.3.1"),
                    add(config(rest), Store.eth0("dummy")));
        } else {
            assertRefusedForItsVersion(rest);
        }
    }

    @Test
    void requestsInBothFamiliesAreMet() throws Exception {
        IpamConfig config = config("'args':{'cni':{'ips':['10.1.2.88','2001:db8:1::999']}},"
                + "'ipam':{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'2001:db8:1::/96'}]]}");
        assertEquals(
                List.of("10.1.2.88/24 via 10.1.2.1", "2001:db8:1::999/96 via 2001:db8:1::1"),
                add(config, Store.eth0("dummy")));
    }

    @Test
    void aRequestThatNoSetMeetsFailsAndLeavesNothing() throws Exception {
        String rest = "'args':{'cni':{'ips':['10.1.2.88','10.1.2.77']}},"
                + "'ipam':{'ranges':[[{'subnet':'10.1.2.0/24'}],[{'subnet':'10.1.3.0/24'}]]}";
        if (severalPerFamily()) {
            assertEquals("failed to allocate all requested IPs: 10.1.2.77", refusal(rest));
        } else {
            assertRefusedForItsVersion(rest);
        }
        assertEquals(Map.of(), store.leases());
    }
}
