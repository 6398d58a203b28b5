package io.towpath.cni.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Reads the capabilities that are more than a few texts. */
final class CapabilityReader {
    private static final String BANDWIDTH = "bandwidth";
    private static final String PORT_MAPPINGS = "portMappings";
    private static final int MAX_PORT = 65_535;

    private CapabilityReader() {}

    static Bandwidth bandwidth(Fields runtime) throws CniException {
        if (!runtime.has(BANDWIDTH)) {
            return Bandwidth.UNLIMITED;
        }
        Fields bandwidth = runtime.object(BANDWIDTH);
        return new Bandwidth(
                limit(bandwidth, "ingressRate", "ingressBurst"), limit(bandwidth, "egressRate", "egressBurst"));
    }

    private static Bandwidth.Limit limit(Fields bandwidth, String rateKey, String burstKey) throws CniException {
        long rate = bandwidth.number(rateKey, 0, Long.MAX_VALUE, 0);
        long burst = burst(bandwidth, burstKey, rate);
        if (rate == 0 && burst == 0) {
            return Bandwidth.Limit.NONE;
        }
        if (rate == 0) {
            throw bandwidth.invalid(rateKey, "must be set if " + burstKey + " is");
        }
        if (burst == 0) {
            throw bandwidth.invalid(burstKey, "must be set if " + rateKey + " is");
        }
        if (rate < Bandwidth.MIN_RATE) {
            throw bandwidth.invalid(rateKey, "must be 0 or at least " + Bandwidth.MIN_RATE);
        }
        return new Bandwidth.Limit(rate, burst);
    }

    private static long burst(Fields bandwidth, String key, long rate) throws CniException {
        JsonNode value = bandwidth.value(key);
        if (value != null && value.isIntegralNumber() && Bandwidth.isNotTold(value.longValue())) {
            return Bandwidth.burstOf(rate);
        }
        return bandwidth.number(key, 0, Bandwidth.MAX_BURST, 0);
    }

    static List<PortMapping> portMappings(Fields runtime) throws CniException {
        if (!runtime.has(PORT_MAPPINGS)) {
            return List.of();
        }
        List<PortMapping> mappings = new ArrayList<>();
        for (Fields each : runtime.objects(PORT_MAPPINGS)) {
            mappings.add(new PortMapping(
                    protocol(each), port(each, "hostPort"), port(each, "containerPort"), each.address("hostIP")));
        }
        return mappings;
    }

    private static PortMapping.Protocol protocol(Fields mapping) throws CniException {
        String word = mapping.text("protocol");
        PortMapping.Protocol protocol = word.isEmpty() ? PortMapping.Protocol.TCP : PortMapping.Protocol.of(word);
        if (protocol == null) {
            throw mapping.invalid("protocol", "must be tcp, udp or sctp, not " + Quoted.text(word));
        }
        return protocol;
    }

    private static int port(Fields mapping, String key) throws CniException {
        Long port = mapping.number(key, 1, MAX_PORT);
        if (port == null) {
            throw mapping.invalid(key, "is missing");
        }
        return port.intValue();
    }
}
