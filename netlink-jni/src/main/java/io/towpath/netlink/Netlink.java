package io.towpath.netlink;

import io.towpath.linux.Errno;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A session with a kernel over any netlink protocol: sends requests and brings each its answer. Not for use by several
 * threads at once.
 */
public final class Netlink implements AutoCloseable {
    // Each failure waits as a datagram of up to 1 KiB in the socket's receive buffer, 208 KiB by default.
    private static final int CHUNK_MESSAGES = 128;
    private static final int CHUNK_BYTES = 32 * 1024;

    // Enough to outlast a storm of changes; one attempt takes well under a millisecond on a node of usual size.
    private static final int DUMP_ATTEMPTS = 100;

    private static final int NO_ACK = -1;

    private final Transport transport;
    private final Replies replies;
    private int sequence;

    /** A session over a transport, which is closed with it. */
    public Netlink(Transport transport) {
        this.transport = transport;
        this.replies = new Replies(transport);
    }

    /** Makes a value of a message's type and payload. */
    @FunctionalInterface
    public interface Decoder<T> {
        /** The value, null for a message to leave out. */
        @Nullable
        T decode(int type, ByteBuffer payload) throws NetlinkException;
    }

    /**
     * Sends requests that need no answer between them, in as few datagrams as sensible. The kernel goes on after one that
     * failed.
     *
     * @return the failures in order, none if all was done
     * @throws NetlinkException if it is not known what became of the requests
     */
    public List<NetlinkException> submit(Requests requests) throws NetlinkException {
        List<NetlinkException> failures = new ArrayList<>(0);
        int from = 0;
        while (from < requests.messages()) {
            int to = chunkEnd(requests, from);
            send(requests, from, to, to - 1);
            int last = sequence;
            do {
                replies.next();
                if (replies.isTruncated()) {
                    throw new NetlinkException("receive from netlink", Errno.EMSGSIZE);
                }
                NetlinkException failure = failure(requests, from);
                if (failure != null) {
                    failures.add(failure);
                }
            } while (replies.sequence() != last || !replies.isError());
            from = to;
        }
        return failures;
    }

    /**
     * Sends requests as one datagram, of which the last asks for one object.
     *
     * @throws NetlinkException if any of them failed: the first failure
     */
    public <T> T get(Requests requests, Decoder<T> decoder) throws NetlinkException {
        int from = 0;
        int to = requests.messages();
        send(requests, from, to, NO_ACK);
        NetlinkException first = null;
        do {
            replies.next();
            if (replies.isTruncated()) {
                // The buffer has grown; asking again changes nothing, doing again would.
                from = to - 1;
                send(requests, from, to, NO_ACK);
                continue;
            }
            NetlinkException failure = failure(requests, from);
            // What follows a failure, such as that there is nothing to show, is of no news.
            first = first == null ? failure : first;
        } while (replies.isTruncated() || replies.sequence() != sequence);
        if (first != null) {
            throw first;
        }
        T value = decoder.decode(replies.type(), replies.payload());
        if (value == null) {
            throw AttributeReader.malformed("an answer of type " + replies.type());
        }
        return value;
    }

    /**
     * Sends requests as one datagram of which the kernel does all or nothing, as nfnetlink does between NFNL_MSG_BATCH_BEGIN and
     * NFNL_MSG_BATCH_END, which are the first and the last message.
     *
     * @throws NetlinkException if nothing was done: the first failure, with the others as suppressed
     */
    public void transact(Requests requests) throws NetlinkException {
        int count = requests.messages();
        transport.reserve(requests.start(count));
        // Kernels before 6.10 acknowledge no end.
        send(requests, 0, count, count - 2);
        int begin = replies.firstExpected();
        int last = begin + count - 2;
        NetlinkException first = null;
        boolean overrun = false;
        boolean ended = false;
        while (!ended) {
            try {
                replies.next();
            } catch (NetlinkException e) {
                if (!e.is(Errno.ENOBUFS)) {
                    throw e;
                }
                // More failures than the receive buffer takes; the first ones are in it.
                overrun = true;
                continue;
            }
            if (replies.isTruncated()) {
                throw new NetlinkException("receive from netlink", Errno.EMSGSIZE);
            }
            NetlinkException failure = failure(requests, 0);
            if (failure != null && first != null) {
                first.addSuppressed(failure);
            } else if (failure != null) {
                first = failure;
            }
            boolean answersAll = replies.sequence() == begin && failure != null;
            ended = replies.sequence() == last || answersAll || (overrun && first != null);
        }
        if (first != null) {
            throw first;
        }
    }

    /**
     * Asks for all objects of a kind, again if they changed meanwhile, so that the list is what the kernel had at one time.
     *
     * @param request one message with NLM_F_DUMP
     * @throws NetlinkException if the kernel refuses, or with EINTR if the objects never hold still
     */
    public <T> List<T> dump(Requests request, Decoder<T> decoder) throws NetlinkException {
        for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
            List<T> objects = new ArrayList<>();
            if (tryDump(request, decoder, objects) == Read.WHOLE) {
                return objects;
            }
        }
        throw new NetlinkException(request.describe(0), Errno.EINTR, "it changed during every attempt to read it", 0);
    }

    /**
     * As {@link #dump}, of objects that may hold still while others of their protocol do not: what is read twice in a row without a
     * difference has not changed.
     *
     * @param decoder of what is equal if it has not changed
     */
    public <T> List<T> dumpAmidOthers(Requests request, Decoder<T> decoder) throws NetlinkException {
        return dumpAmidOthers(request, decoder, each -> each);
    }

    /**
     * As the other, of objects that change by themselves, as they count packets or grow older.
     *
     * @param fixed the part of an object that does not
     */
    public <T> List<T> dumpAmidOthers(Requests request, Decoder<T> decoder, Function<T, ?> fixed)
            throws NetlinkException {
        @Nullable Set<?> before = null;
        for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
            List<T> objects = new ArrayList<>();
            Read read = tryDump(request, decoder, objects);
            if (read == Read.WHOLE) {
                return objects;
            }
            @Nullable
            Set<?> now =
                    read == Read.GIVEN_UP ? null : objects.stream().map(fixed).collect(Collectors.toSet());
            if (now != null && now.equals(before)) {
                return objects;
            }
            before = now;
        }
        throw new NetlinkException(request.describe(0), Errno.EINTR, "it changed during every attempt to read it", 0);
    }

    /** What an attempt has read. */
    private enum Read {
        WHOLE,
        /** To the end, while something of the protocol changed. */
        AMID_CHANGES,
        GIVEN_UP
    }

    private <T> Read tryDump(Requests request, Decoder<T> decoder, List<T> into) throws NetlinkException {
        send(request, 0, 1, NO_ACK);
        boolean consistent = true;
        while (true) {
            replies.next();
            if (replies.isTruncated()) {
                return Read.GIVEN_UP;
            }
            consistent &= (replies.flags() & Nl.NLM_F_DUMP_INTR) == 0;
            NetlinkException failure = failure(request, 0);
            if (failure != null && failure.is(Errno.EBUSY)) {
                // An attempt that was given up has not ended; each attempt reads a part of what remains of it.
                return Read.GIVEN_UP;
            } else if (failure != null) {
                throw failure;
            }
            if (replies.isDone() || replies.isError()) {
                return consistent ? Read.WHOLE : Read.AMID_CHANGES;
            }
            T object = decoder.decode(replies.type(), replies.payload());
            if (object != null) {
                into.add(object);
            }
        }
    }

    /** The port of the socket. */
    public int port() {
        return transport.portId();
    }

    @Override
    public void close() {
        transport.close();
    }

    private static int chunkEnd(Requests requests, int from) {
        int to = from + 1;
        while (to < requests.messages()
                && to - from < CHUNK_MESSAGES
                && requests.start(to + 1) - requests.start(from) <= CHUNK_BYTES) {
            to++;
        }
        return to;
    }

    private void send(Requests requests, int from, int to, int acknowledged) throws NetlinkException {
        int first = sequence + 1;
        sequence += to - from;
        transport.send(requests.prepare(from, to, first, acknowledged));
        replies.expect(first, sequence);
    }

    /** What the reply at hand says of its request: why it failed, or null. */
    private @Nullable NetlinkException failure(Requests requests, int firstMessage) throws NetlinkException {
        int errno = replies.errno();
        if (errno == 0) {
            return null;
        }
        int index = requests.index(firstMessage + replies.sequence() - replies.firstExpected());
        return new NetlinkException(requests.describe(index), errno, replies.explanation(), index);
    }
}
