package io.towpath.cni.verbs;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.cni.protocol.CniArgs;
import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Dns;
import io.towpath.cni.protocol.NetConf;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.protocol.RuntimeConfig;
import io.towpath.cni.protocol.Verb;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A DEL has to come to an end, even after an ADD that never came to a beginning. */
class LeaseReleaseTest {
    private static final HostLocalLeases LEASES = new HostLocalLeases();

    @ParameterizedTest
    @ValueSource(
            strings = {"{}", "{'ipam': null}", "{'ipam': 5}", "{'ipam': {'dataDir': 'x'}}", "{'ipam': {'dataDir': 5}}"})
    void configurationThatNeverWorkedHoldsNoDelUp(String json) throws Exception {
        Request request = request(json);
        assertDoesNotThrow(() -> LEASES.release(request));
        assertThrows(CniException.class, () -> LEASES.retain(request, Set.of()));
    }

    private static Request request(String json) throws Exception {
        ObjectNode tree = (ObjectNode) new ObjectMapper().readTree(json.replace('\'', '"'));
        tree.put("name", "no-network-of-any-node");
        NetConf conf = new NetConf(
                "1.1.0",
                "no-network-of-any-node",
                "towpath",
                0,
                NetConf.DEFAULT_CLUSTER_FILE,
                NetConf.DEFAULT_STATE_DIR,
                NetConf.DEFAULT_SUBNET_ENV,
                false,
                Dns.EMPTY,
                RuntimeConfig.EMPTY,
                null,
                null,
                null,
                null,
                tree);
        return new Request(Verb.DEL, "container", "", "eth0", CniArgs.EMPTY, false, conf);
    }
}
