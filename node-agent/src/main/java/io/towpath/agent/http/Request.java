package io.towpath.agent.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * A request.
 *
 * @param method such as {@code GET}
 * @param path without the query
 * @param query the values of the query by their names; of a name that comes twice the last
 * @param body the content, empty if there is none
 */
record Request(String method, String path, Map<String, String> query, String body) {
    /**
     * Takes a target apart.
     *
     * @param target the path and the query as they are sent, RFC 9110 section 7.1
     * @throws IllegalArgumentException if something in the query is not encoded as it must be
     */
    static Request of(String method, String target, String body) {
        int mark = target.indexOf('?');
        if (mark < 0) {
            return new Request(method, target, Map.of(), body);
        }
        Map<String, String> query = new HashMap<>();
        for (String part : target.substring(mark + 1).split("&", -1)) {
            int equals = part.indexOf('=');
            String name = equals < 0 ? part : part.substring(0, equals);
            query.put(decoded(name), equals < 0 ? "" : decoded(part.substring(equals + 1)));
        }
        return new Request(method, target.substring(0, mark), query, body);
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    /** Whether it asks for nothing but a page. */
    boolean isLook() {
        return method.equals("GET") || method.equals("HEAD");
    }
}
