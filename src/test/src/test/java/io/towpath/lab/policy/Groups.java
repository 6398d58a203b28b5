package io.towpath.lab.policy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All cases that there are, by what they are about. */
final class Groups {
    static final String E2E = "end-to-end";
    static final String CLUSTER = "ClusterNetworkPolicy";
    static final String BAD = "bad input";

    static final Map<String, List<Case>> ALL = all();

    private Groups() {}

    private static Map<String, List<Case>> all() {
        Map<String, List<Case>> groups = new LinkedHashMap<>();
        groups.put(E2E, E2eCases.all48());
        groups.put("targets", TargetCases.allCases());
        groups.put("peers", PeerCases.allCases());
        groups.put("ports", PortCases.allCases());
        groups.put("actions", ActionCases.allCases());
        groups.put("conflicts and examples", ConflictCases.allCases());
        groups.put(CLUSTER, ClusterPolicyCases.allCases());
        groups.put(BAD, BadInputCases.allCases());
        return groups;
    }

    static List<Case> cases(String group) {
        return ALL.getOrDefault(group, List.of());
    }
}
