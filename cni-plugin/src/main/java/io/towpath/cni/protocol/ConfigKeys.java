package io.towpath.cni.protocol;

import io.towpath.ipam.IpamConfigReader;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a network configuration, found whatever the case they are written in. The decoder that most plugins share
 * ignores case, so that a configuration with {@code "MTU"} works with them; ignoring the key here would lose it silently. No key is read
 * that is not among these: {@link Fields} sees to that, and the IPAM to its own.
 */
final class ConfigKeys {
    private static final String[] KEYS = {
        "cniVersion",
        "name",
        "type",
        "capabilities",
        "runtimeConfig",
        "args",
        "policy",
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
        "socket",
        "waitSeconds",
        "onFailure",
        "cniVersions",
        "ipRanges"
    };

    private static final Map<String, String> BY_LOWER_CASE = new HashMap<>();

    /** So long must a key be for one letter that is wrong, missing or too many, and so long for two; shorter ones have too many neighbours. */
    private static final int LEAST_FOR_ONE = 5;

    private static final int LEAST_FOR_TWO = 8;

    static {
        add(List.of(KEYS));
        add(IpamConfigReader.KEYS);
    }

    private ConfigKeys() {}

    private static void add(List<String> keys) {
        for (String key : keys) {
            BY_LOWER_CASE.put(key.toLowerCase(Locale.ROOT), key);
        }
    }

    /** The key as this project spells it; a key that is not known as it came. */
    static String of(String key) {
        String known = BY_LOWER_CASE.get(key.toLowerCase(Locale.ROOT));
        return known == null ? key : known;
    }

    /** Whether it is a key, in the spelling of {@link #of}. */
    static boolean isKnown(String key) {
        return key.equals(BY_LOWER_CASE.get(key.toLowerCase(Locale.ROOT)));
    }

    /** The key that is probably meant by one that is none: written with other separators, or mistyped; null if it is like none. */
    static @Nullable String meantBy(String unknown) {
        String word = bare(unknown);
        for (Map.Entry<String, String> known : BY_LOWER_CASE.entrySet()) {
            String other = bare(known.getKey());
            int errors = other.length() < LEAST_FOR_ONE ? 0 : other.length() < LEAST_FOR_TWO ? 1 : 2;
            if (Math.abs(word.length() - other.length()) <= errors && distance(word, other) <= errors) {
                return known.getValue();
            }
        }
        return null;
    }

    private static String bare(String key) {
        StringBuilder word = new StringBuilder(key.length());
        for (int i = 0; i < key.length(); i++) {
            char c = Character.toLowerCase(key.charAt(i));
            if (c != '_' && c != '-' && c != '.' && c != ' ') {
                word.append(c);
            }
        }
        return word.toString();
    }

    /** How many letters must be put in, taken out or replaced to make one of the other. */
    private static int distance(String one, String other) {
        int[] row = new int[other.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= one.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[other.length()];
    }
}
