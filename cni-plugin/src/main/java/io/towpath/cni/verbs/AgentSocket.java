package io.towpath.cni.verbs;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import io.towpath.linux.UnixSocket;
import java.nio.charset.StandardCharsets;

/** The agent's unix socket: each question is a connection of its own, over HTTP/1.1, and ends with the answer. */
final class AgentSocket {
    static final int NO_CONTENT = 204;
    static final int GONE = 410;
    private static final int FIRST_ERROR = 400;
    private static final int UNAVAILABLE = 503;

    private static final int MAX_ANSWER = 16 << 10;
    private static final int MILLIS = 1000;
    private static final String VERSION = "HTTP/1.1 ";
    private static final int STATUS_DIGITS = 3;

    private final String path;

    /**
     * What came of a question.
     *
     * @param status the code of RFC 9110 section 15, 0 if no agent answered
     * @param line what an answer that is an error says, or why there is no answer
     * @param mayImprove whether there may be another answer soon: the agent is away, ends, or knows too little yet
     */
    record Answer(int status, String line, boolean mayImprove) {}

    AgentSocket(String path) {
        this.path = path;
    }

    /** A request without content. */
    static byte[] get(String target) {
        return ("GET " + target + " HTTP/1.1\r\nHost: towpath\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** A request with JSON as its content. */
    static byte[] post(String target, byte[] json) {
        byte[] head = ("POST " + target
                        + " HTTP/1.1\r\nHost: towpath\r\nContent-Type: application/json\r\nContent-Length: "
                        + json.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[head.length + json.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(json, 0, all, head.length, json.length);
        return all;
    }

    /** Asks once; waits for the answer, not for an agent. */
    Answer ask(byte[] question, int milliseconds) {
        byte[] answer;
        try {
            answer = UnixSocket.ask(path, question, MAX_ANSWER, milliseconds);
        } catch (LinuxException e) {
            return failure(e, milliseconds);
        }
        return read(new String(answer, StandardCharsets.UTF_8));
    }

    private Answer read(String text) {
        int body = text.indexOf("\r\n\r\n");
        int status = status(text);
        if (body < 0 || status == 0) {
            // What is cut off is of an agent that was killed.
            return new Answer(0, strange(text), body < 0);
        }
        String line = status < FIRST_ERROR ? "" : text.substring(body + 4).strip();
        return new Answer(status, line.isEmpty() ? strange(text) : line, status == UNAVAILABLE);
    }

    private static int status(String text) {
        int end = VERSION.length() + STATUS_DIGITS;
        if (!text.startsWith(VERSION) || text.length() <= end || text.charAt(end) != ' ') {
            return 0;
        }
        int status = 0;
        for (int i = VERSION.length(); i < end; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return 0;
            }
            status = 10 * status + c - '0';
        }
        return status;
    }

    private String strange(String text) {
        return "what listens at " + path + " is no agent, or has ended: it answers \""
                + text.lines().findFirst().orElse("") + "\"";
    }

    private Answer failure(LinuxException e, int milliseconds) {
        if (e.is(Errno.ENOENT) || e.is(Errno.ECONNREFUSED)) {
            return new Answer(0, "no agent listens at " + path + ": is towpath-node running?", true);
        }
        if (e.is(Errno.ECONNRESET) || e.is(Errno.EPIPE)) {
            return new Answer(0, "the agent at " + path + " has ended without an answer", true);
        }
        if (e.is(Errno.ETIMEDOUT)) {
            long seconds = Math.ceilDiv(milliseconds, MILLIS);
            return new Answer(
                    0, "the agent at " + path + " has not answered in " + seconds + " s: is it stopped?", false);
        }
        return new Answer(0, String.valueOf(e.getMessage()), false);
    }
}
