package io.towpath.cni.protocol;

import java.util.List;

/** The versions of the protocol, and how a configuration's version is compared with them. */
public final class CniVersion {
    /** The newest version spoken here. */
    public static final String CURRENT = "1.1.0";

    /** Every version spoken here, oldest first. */
    public static final List<String> SUPPORTED = List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", CURRENT);

    /** What a configuration without a version speaks. */
    static final String UNDECLARED = "0.1.0";

    private static final int PARTS = 3;

    private CniVersion() {}

    /** Whether a result of a version that is supported has one address of each family, and no interfaces. */
    public static boolean hasOneAddress(String version) {
        return version.startsWith("0.1.") || version.startsWith("0.2.");
    }

    static boolean isSupported(String version) {
        return SUPPORTED.contains(version);
    }

    /** @throws CniException code 1 if a configuration of this version is not understood */
    static void requireSupported(String version) throws CniException {
        if (!isSupported(version)) {
            throw new CniException(
                    CniException.INCOMPATIBLE_VERSION,
                    "incompatible CNI versions",
                    "config is " + Quoted.text(version) + ", plugin supports " + Quoted.list(SUPPORTED));
        }
    }

    /**
     * The check of the verbs that came later than the first version.
     *
     * @param minimum the version that brought the verb
     * @throws CniException code 6 if the version is not one, 1 if it does not know the verb or is not spoken here
     */
    static void requireVerb(Verb verb, String version, String minimum) throws CniException {
        if (!isAtLeast(version, minimum)) {
            throw new CniException(CniException.INCOMPATIBLE_VERSION, "config version does not allow " + verb);
        }
        if (!isAtLeast(CURRENT, version)) {
            throw new CniException(CniException.INCOMPATIBLE_VERSION, "plugin version does not allow " + verb);
        }
    }

    /**
     * Whether one version is the other or a later one. Parts that are missing count as 0, as in the reference library.
     *
     * @throws CniException code 6 if a text is no version
     */
    static boolean isAtLeast(String version, String minimum) throws CniException {
        long[] left = parse(version);
        long[] right = parse(minimum);
        for (int i = 0; i < PARTS; i++) {
            if (left[i] != right[i]) {
                return left[i] > right[i];
            }
        }
        return true;
    }

    private static long[] parse(String version) throws CniException {
        long[] parts = new long[PARTS];
        int from = 0;
        for (int i = 0; ; i++) {
            int dot = version.indexOf('.', from);
            if (i == PARTS) {
                throw new CniException(
                        CniException.DECODING_FAILURE, "invalid version " + Quoted.text(version) + ": too many parts");
            }
            parts[i] = number(version.substring(from, dot < 0 ? version.length() : dot), i);
            if (dot < 0) {
                return parts;
            }
            from = dot + 1;
        }
    }

    private static long number(String text, int position) throws CniException {
        String reason = "invalid syntax";
        if (isNumber(text)) {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException _) {
                reason = "value out of range";
            }
        }
        String part = position == 0 ? "major" : position == 1 ? "minor" : "micro";
        String quoted = Quoted.text(text);
        throw new CniException(
                CniException.DECODING_FAILURE,
                "failed to convert " + part + " version part " + quoted + ": strconv.Atoi: parsing " + quoted + ": "
                        + reason);
    }

    private static boolean isNumber(String text) {
        int start = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        for (int i = start; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return text.length() > start;
    }
}
