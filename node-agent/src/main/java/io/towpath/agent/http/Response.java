package io.towpath.agent.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * An answer.
 *
 * @param status the code of RFC 9110 section 15
 * @param type the content's media type
 * @param content the body
 */
record Response(int status, String type, String content) {
    static final int OK = 200;
    static final int NO_CONTENT = 204;
    static final int BAD_REQUEST = 400;
    static final int NOT_FOUND = 404;
    static final int METHOD_NOT_ALLOWED = 405;
    static final int GONE = 410;
    static final int HEAD_TOO_LARGE = 431;
    static final int FAILED = 500;
    static final int UNAVAILABLE = 503;

    /** A line of text. */
    static Response text(int status, String line) {
        return new Response(status, "text/plain; charset=utf-8", line + "\n");
    }

    /** The answer as it is sent; the connection ends with it. */
    byte[] bytes(boolean withContent) {
        byte[] body = content.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + " " + reason() + "\r\n"
                + (status == NO_CONTENT ? "" : "Content-Type: " + type + "\r\nContent-Length: " + body.length + "\r\n")
                + "Cache-Control: no-store\r\nConnection: close\r\n"
                + (status == METHOD_NOT_ALLOWED ? "Allow: GET, HEAD\r\n" : "") + "\r\n";
        byte[] start = head.getBytes(StandardCharsets.US_ASCII);
        byte[] all = Arrays.copyOf(start, start.length + (withContent ? body.length : 0));
        System.arraycopy(body, 0, all, start.length, all.length - start.length);
        return all;
    }

    private String reason() {
        return switch (status) {
            case OK -> "OK";
            case NO_CONTENT -> "No Content";
            case BAD_REQUEST -> "Bad Request";
            case NOT_FOUND -> "Not Found";
            case METHOD_NOT_ALLOWED -> "Method Not Allowed";
            case GONE -> "Gone";
            case HEAD_TOO_LARGE -> "Request Header Fields Too Large";
            case UNAVAILABLE -> "Service Unavailable";
            default -> "Internal Server Error";
        };
    }
}
