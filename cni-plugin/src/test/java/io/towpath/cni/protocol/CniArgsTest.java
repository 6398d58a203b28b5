package io.towpath.cni.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.net.MacAddress;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CniArgsTest {
    @Test
    void nothing() throws Exception {
        assertEquals(Map.of(), CniArgs.parse("").values());
        assertEquals("", CniArgs.EMPTY.podName());
        assertNull(CniArgs.EMPTY.mac());
    }

    @Test
    void whatKubernetesRuntimesSend() throws Exception {
        CniArgs args =
                CniArgs.parse("IgnoreUnknown=1;K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=coredns-5d78c9869d-abcde;"
                        + "K8S_POD_INFRA_CONTAINER_ID=f00;K8S_POD_UID=8a0e;SOMETHING_NEW=x");
        assertEquals("kube-system", args.podNamespace());
        assertEquals("coredns-5d78c9869d-abcde", args.podName());
        assertEquals("8a0e", args.podUid());
        assertEquals("x", args.get("SOMETHING_NEW"));
        assertEquals("", args.get("IP"));
    }

    @Test
    void ofEqualKeysTheLastCounts() throws Exception {
        assertEquals("10.0.0.3", CniArgs.parse("IP=10.0.0.2;IP=10.0.0.3").get("IP"));
    }

    @Test
    void unknownKeysPassUnlessForbidden() throws Exception {
        assertEquals("nown", CniArgs.parse("Unk=nown").get("Unk"));
        assertEquals("nown", CniArgs.parse("Unk=nown;IgnoreUnknown=True").get("Unk"));
        assertFails("IgnoreUnknown=0;Unk=nown", "ARGS: unknown args [\"Unk=nown\"]");
        assertFails("A=1;B=2;IgnoreUnknown=False", "ARGS: unknown args [\"A=1\" \"B=2\"]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "some;extra;args | some",
                "IP=10.0.0.2; | ''",
                ";IP=10.0.0.2 | ''",
                "IP=a=b | IP=a=b",
                "IgnoreUnknown=1;x | x"
            })
    void malformedPairs(String text, String pair) {
        assertFails(text, "ARGS: invalid pair \"" + pair + "\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"yes", "", "2", "TRUE "})
    void switchThatIsNoBoolean(String value) {
        CniException e = assertThrows(CniException.class, () -> CniArgs.parse("IgnoreUnknown=" + value));
        assertTrue(e.details().startsWith("ARGS: error parsing value of pair"), e.details());
    }

    @Test
    void mac() throws Exception {
        assertEquals(
                MacAddress.parse("02:00:00:00:00:01"),
                CniArgs.parse("MAC=02:00:00:00:00:01").mac());
        for (String wrong : new String[] {"x", "01:00:5e:00:00:01", "00:00:00:00:00:00"}) {
            CniArgs args = CniArgs.parse("MAC=" + wrong);
            assertEquals(4, assertThrows(CniException.class, args::mac).code());
        }
    }

    private static void assertFails(String text, String details) {
        CniException e = assertThrows(CniException.class, () -> CniArgs.parse(text));
        assertEquals(4, e.code());
        assertEquals("invalid CNI_ARGS", e.msg());
        assertEquals(details, e.details());
    }
}
