package io.towpath.linux;

import java.util.Arrays;

/**
 * One question to a process that listens at a unix socket, unix(7). {@code java.nio}'s channels know no limit of time for that, and
 * cost a short-lived process more to initialise than the question takes.
 */
public final class UnixSocket {
    private UnixSocket() {}

    /**
     * Sends a request and receives all that is answered until the other end closes.
     *
     * @param limit the most bytes to accept
     * @param milliseconds how long all of it may take
     * @throws LinuxException with ENOENT or ECONNREFUSED if nobody listens, ECONNRESET or EPIPE if the other end closes without having
     *     read the request, ETIMEDOUT when the time is up, EFBIG if the answer has more bytes
     */
    public static byte[] ask(String path, byte[] request, int limit, int milliseconds) throws LinuxException {
        byte[] answer = new byte[limit];
        int length = Native.ask(Linux.path(path), request, answer, milliseconds);
        return Arrays.copyOf(answer, Linux.check("ask " + path, length));
    }
}
