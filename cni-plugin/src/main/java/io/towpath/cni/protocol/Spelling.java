package io.towpath.cni.protocol;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The keys of a network configuration, found whatever the case they are written in. The decoder that most plugins share
 * ignores case, so that a configuration with {@code "MTU"} works with them; ignoring the key here would lose it silently.
 */
final class Spelling {
    private static final Map<String, String> BY_LOWER_CASE = new HashMap<>();
    private static final int LONGEST = 32;

    static {
        String[] keys = {
            "cniVersion",
            "name",
            "type",
            "capabilities",
            "runtimeConfig",
            "args",
            "ipam",
            "dns",
            "prevResult",
            "ipMasq",
            "cni.dev/valid-attachments",
            "cni.dev/attachments",
            "containerID",
            "ifname",
            "mtu",
            "clusterFile",
            "stateDir",
            "subnetEnv",
            "include_default_routes",
            "ips",
            "mac",
            "ipRanges",
            "aliases",
            "portMappings",
            "bandwidth",
            "servers",
            "searches",
            "options",
            "ingressRate",
            "ingressBurst",
            "egressRate",
            "egressBurst",
            "hostPort",
            "containerPort",
            "protocol",
            "hostIP",
            "cni",
            "nameservers",
            "domain",
            "search",
            "interfaces",
            "routes",
            "ip4",
            "ip6",
            "ip",
            "sandbox",
            "socketPath",
            "pciID",
            "interface",
            "address",
            "gateway",
            "dst",
            "gw",
            "advmss",
            "priority",
            "table",
            "scope",
            "subnet",
            "rangeStart",
            "rangeEnd",
            "ranges",
            "dataDir",
            "resolvConf"
        };
        for (String key : keys) {
            BY_LOWER_CASE.put(key.toLowerCase(Locale.ROOT), key);
        }
    }

    private Spelling() {}

    /** The key as this project spells it; a key that is not known as it came. */
    static String of(String key) {
        if (key.length() > LONGEST) {
            return key;
        }
        String known = BY_LOWER_CASE.get(key.toLowerCase(Locale.ROOT));
        return known == null ? key : known;
    }
}
