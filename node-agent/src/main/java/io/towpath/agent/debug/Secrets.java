package io.towpath.agent.debug;

import java.util.regex.Pattern;

/** Takes out of texts what opens something: tokens, passwords, keys, and what is in a kubeconfig. */
final class Secrets {
    private static final String INSTEAD = "(left out)";

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|\\z)", Pattern.DOTALL);
    private static final Pattern WEB_TOKEN = Pattern.compile("eyJ[A-Za-z0-9_-]{8,}(\\.[A-Za-z0-9_-]*){0,2}");
    private static final Pattern BEARER = Pattern.compile("(?i)\\b(bearer|basic)\\s+[^\\s\"',}]+");
    private static final Pattern USER_INFO = Pattern.compile("(://)[^/@\\s\"]+@");
    private static final Pattern NAMED = Pattern.compile(
            "(?i)([\\w.-]*(?:token|password|passwd|secret|credential|private[-_]?key|(?:client|ca|certificate)[-_\\w]*data|api[-_]?key)"
                    + "[\\w.-]*\\\\?[\"']?\\s*[:=]\\s*)(\"(?:[^\"\\\\]|\\\\.)*\"|'[^']*'|[^\\s,}\\]]+)");

    private Secrets() {}

    /** The text without them. */
    static String without(String text) {
        String left = BLOCK.matcher(text).replaceAll(INSTEAD);
        left = WEB_TOKEN.matcher(left).replaceAll(INSTEAD);
        left = BEARER.matcher(left).replaceAll("$1 " + INSTEAD);
        left = USER_INFO.matcher(left).replaceAll("$1" + INSTEAD + "@");
        return NAMED.matcher(left).replaceAll("$1\"" + INSTEAD + "\"");
    }
}
