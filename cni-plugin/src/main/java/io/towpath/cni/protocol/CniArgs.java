package io.towpath.cni.protocol;

import io.towpath.net.MacAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code CNI_ARGS}: pairs {@code KEY=value} separated by semicolons. A key that is not known here is let pass, as every
 * runtime of Kubernetes asks for with {@code IgnoreUnknown=1}; only who says {@code IgnoreUnknown=0} gets an error.
 *
 * @param values all pairs, the last of equal keys
 */
public record CniArgs(Map<String, String> values) {
    public static final CniArgs EMPTY = new CniArgs(Map.of());

    private static final String IGNORE_UNKNOWN = "IgnoreUnknown";
    private static final String VARIABLE = "invalid CNI_ARGS";

    /** @throws CniException code 4 if a pair is malformed or an unknown key was not to be ignored */
    static CniArgs parse(String text) throws CniException {
        if (text.isEmpty()) {
            return EMPTY;
        }
        Map<String, String> values = new LinkedHashMap<>();
        List<String> unknown = new ArrayList<>();
        int from = 0;
        while (from <= text.length()) {
            int semicolon = text.indexOf(';', from);
            String pair = text.substring(from, semicolon < 0 ? text.length() : semicolon);
            int equals = pair.indexOf('=');
            if (equals < 0 || pair.indexOf('=', equals + 1) >= 0) {
                throw new CniException(
                        CniException.INVALID_ENVIRONMENT, VARIABLE, "ARGS: invalid pair " + Quoted.text(pair));
            }
            String key = pair.substring(0, equals);
            if (!isKnown(key)) {
                unknown.add(pair);
            }
            values.put(key, pair.substring(equals + 1));
            from = semicolon < 0 ? text.length() + 1 : semicolon + 1;
        }
        if (!ignoresUnknown(values.get(IGNORE_UNKNOWN)) && !unknown.isEmpty()) {
            throw new CniException(
                    CniException.INVALID_ENVIRONMENT, VARIABLE, "ARGS: unknown args " + Quoted.list(unknown));
        }
        return new CniArgs(values);
    }

    private static boolean isKnown(String key) {
        return switch (key) {
            case IGNORE_UNKNOWN,
                    "IP",
                    "MAC",
                    "K8S_POD_NAMESPACE",
                    "K8S_POD_NAME",
                    "K8S_POD_INFRA_CONTAINER_ID",
                    "K8S_POD_UID" -> true;
            default -> false;
        };
    }

    private static boolean ignoresUnknown(@Nullable String value) throws CniException {
        if (value == null || value.equals("1") || value.equalsIgnoreCase("true")) {
            return true;
        }
        if (value.equals("0") || value.equalsIgnoreCase("false")) {
            return false;
        }
        throw new CniException(
                CniException.INVALID_ENVIRONMENT,
                VARIABLE,
                "ARGS: error parsing value of pair " + Quoted.text(IGNORE_UNKNOWN + "=" + value)
                        + ": boolean unmarshal error: invalid input " + value.toLowerCase(Locale.ROOT));
    }

    /** The value of a key, or an empty text. */
    public String get(String key) {
        return values.getOrDefault(key, "");
    }

    /** The pod's Kubernetes namespace, or an empty text. */
    public String podNamespace() {
        return get("K8S_POD_NAMESPACE");
    }

    /** The pod's name, or an empty text. */
    public String podName() {
        return get("K8S_POD_NAME");
    }

    /** The pod's UID, or an empty text. */
    public String podUid() {
        return get("K8S_POD_UID");
    }

    /** The hardware address asked for, or null. */
    @Nullable
    MacAddress mac() throws CniException {
        String text = get("MAC");
        MacAddress mac = MacAddress.tryParse(text);
        if (!text.isEmpty() && (mac == null || mac.isMulticast() || mac.value() == 0)) {
            throw new CniException(
                    CniException.INVALID_ENVIRONMENT,
                    VARIABLE,
                    "ARGS: error parsing value of pair " + Quoted.text("MAC=" + text) + ": no unicast MAC address");
        }
        return mac;
    }
}
