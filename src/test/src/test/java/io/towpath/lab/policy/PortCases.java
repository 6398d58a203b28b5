package io.towpath.lab.policy;

import static io.towpath.lab.policy.Policies.egress;
import static io.towpath.lab.policy.Policies.ingress;
import static io.towpath.lab.policy.Policies.labels;
import static io.towpath.lab.policy.Policies.policy;
import static io.towpath.lab.policy.Policies.port;
import static io.towpath.lab.policy.Policies.ports;
import static io.towpath.lab.policy.Policies.protocol;
import static io.towpath.lab.policy.Policies.rule;
import static io.towpath.lab.policy.Protocol.SCTP;
import static io.towpath.lab.policy.Protocol.TCP;
import static io.towpath.lab.policy.Protocol.UDP;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.lab.Json;
import io.towpath.lab.policy.Policies.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which ports a rule is about: numbers, names and ranges of every protocol in each direction, pairs of them, and what nobody serves. */
final class PortCases {
    private static final int HIGHEST = 65_535;

    private final List<Case> cases = new ArrayList<>();

    private PortCases() {}

    static List<Case> allCases() {
        PortCases cases = new PortCases();
        for (String direction : List.of("ingress", "egress")) {
            cases.add(direction, "none");
            cases.single(direction);
            cases.pairs(direction);
            cases.odd(direction);
        }
        return cases.cases;
    }

    private void add(String direction, String name, Part... some) {
        Part rule = rule(some);
        ObjectNode target = labels("pod", "a");
        ObjectNode policy = policy("x", "base", target, direction.equals("ingress") ? ingress(rule) : egress(rule));
        cases.add(Case.of(direction + " port: " + name, Case.step(world -> world.apply(policy))));
    }

    private void single(String direction) {
        Map<String, Part> without = new LinkedHashMap<>();
        without.put("any", new Part("ports", Json.object("{}")));
        without.put("80", port(80));
        without.put("81", port(81));
        without.put("serve-81-tcp", port("serve-81-tcp"));
        without.put("80 to 81", new Part("ports", Json.object("{'port':80,'endPort':81}")));
        without.put("81 to 90", new Part("ports", Json.object("{'port':81,'endPort':90}")));
        without.forEach((name, part) -> add(direction, "without a protocol, " + name, part));
        for (Protocol protocol : Protocol.values()) {
            add(direction, protocol + ", any", protocol(protocol));
            add(direction, protocol + ", 80", port(protocol, 80));
            add(direction, protocol + ", 81", port(protocol, 81));
            add(direction, protocol + ", its name for 81", port(protocol, World.portName(81, protocol)));
            add(direction, protocol + ", 80 to 81", ports(protocol, 80, 81));
            add(direction, protocol + ", 81 to 90", ports(protocol, 81, 90));
        }
    }

    private void pairs(String direction) {
        add(direction, "80 or 81 of TCP", port(TCP, 80), port(TCP, 81));
        add(direction, "80 of TCP or UDP", port(TCP, 80), port(UDP, 80));
        add(direction, "80 of TCP or 81 of SCTP", port(TCP, 80), port(SCTP, 81));
        add(direction, "a name or a number", port("serve-80-tcp"), port(UDP, 81));
        add(direction, "names of two protocols", port(UDP, "serve-80-udp"), port(SCTP, "serve-81-sctp"));
        add(direction, "a range or a name", ports(SCTP, 1, 80), port("serve-81-tcp"));
        add(direction, "all of UDP or 81", protocol(UDP), port(81));
        add(direction, "ranges that overlap", ports(TCP, 1, 80), ports(TCP, 80, 100), ports(UDP, 81, HIGHEST));
        add(direction, "ranges that touch", ports(UDP, 1, 80), ports(UDP, 81, HIGHEST));
    }

    private void odd(String direction) {
        add(direction, "a name of another protocol", port("serve-80-udp"));
        add(direction, "a name that nobody has", port("serve-99-tcp"));
        add(direction, "a number that nobody serves", port(7981));
        add(direction, "a range that nobody serves", ports(TCP, 82, 90));
        add(direction, "a range of one", ports(TCP, 80, 80));
        add(direction, "all from 1 to the highest", ports(TCP, 1, HIGHEST));
        add(direction, "a name that nobody has or a number", port("serve-99-tcp"), port(TCP, 81));
    }
}
