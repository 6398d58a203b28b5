package io.towpath.netlink.fake;

import static io.towpath.netlink.Nl.*;

import io.towpath.linux.Errno;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Transport;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/** The socket side: takes datagrams apart, and puts answers, acknowledgements and multi-part dumps into datagrams. */
final class FakeTransport implements Transport {
    private static final int MESSAGES_PER_DATAGRAM = 3;
    private static final int LARGER_THAN_EXPECTED = 100_000;

    private final FakeNamespace namespace;
    private final FakeProtocol dispatch;
    private final int port;
    private final Queue<ByteBuffer> datagrams = new ArrayDeque<>();

    FakeTransport(FakeNamespace namespace, FakeProtocol dispatch) {
        this(namespace, dispatch, namespace.nextPort());
    }

    FakeTransport(FakeNamespace namespace, FakeProtocol dispatch, int port) {
        this.namespace = namespace;
        this.dispatch = dispatch;
        this.port = port;
    }

    @Override
    public void send(ByteBuffer messages) throws NetlinkException {
        while (messages.remaining() >= NLMSG_HDRLEN) {
            int start = messages.position();
            int length = messages.getInt(start);
            if (length < NLMSG_HDRLEN || length > messages.remaining()) {
                // The kernel stops reading a datagram here and says nothing.
                return;
            }
            ByteBuffer message = messages.slice(start, length).order(ByteOrder.nativeOrder());
            messages.position(start + Math.min(align(length), messages.remaining()));
            handle(message);
        }
    }

    private void handle(ByteBuffer message) throws NetlinkException {
        int type = Short.toUnsignedInt(message.getShort(4));
        int flags = Short.toUnsignedInt(message.getShort(6));
        ByteBuffer payload =
                message.slice(NLMSG_HDRLEN, message.limit() - NLMSG_HDRLEN).order(message.order());
        boolean isDump = (flags & NLM_F_DUMP) == NLM_F_DUMP && dispatch.isGet(type);
        try {
            if (dispatch.control(type, payload)) {
                return;
            }
            FakeOperation operation = dispatch.understand(type, flags, isDump, payload);
            List<byte[]> answers = namespace.kernel().perform(namespace, type, operation);
            if (isDump) {
                dump(message, answers);
                return;
            }
            for (byte[] answer : answers) {
                queue(List.of(addressed(answer, message, 0)));
            }
            if ((flags & NLM_F_ACK) != 0) {
                error(message, 0, null);
            }
        } catch (FakeRefusal refusal) {
            dispatch.refused();
            error(message, refusal.errno(), refusal.explanation());
        }
    }

    private void dump(ByteBuffer request, List<byte[]> answers) {
        int extra = namespace.kernel().takeInterruption() ? NLM_F_MULTI | NLM_F_DUMP_INTR : NLM_F_MULTI;
        for (int from = 0; from < answers.size(); from += MESSAGES_PER_DATAGRAM) {
            int to = Math.min(from + MESSAGES_PER_DATAGRAM, answers.size());
            queue(answers.subList(from, to).stream()
                    .map(answer -> addressed(answer, request, extra))
                    .toList());
        }
        MessageWriter done = new MessageWriter().begin(NLMSG_DONE, 0).u32(0);
        done.end();
        datagrams.add(ByteBuffer.wrap(addressed(done.toByteArray(), request, extra)));
    }

    private void error(ByteBuffer request, int errno, @Nullable String explanation) {
        int flags = NLM_F_CAPPED | (explanation == null ? 0 : NLM_F_ACK_TLVS);
        MessageWriter out = new MessageWriter().begin(NLMSG_ERROR, flags).u32(-errno);
        for (int at = 0; at < NLMSG_HDRLEN; at += 4) {
            out.u32(request.getInt(at));
        }
        if (explanation != null) {
            out.string(NLMSGERR_ATTR_MSG, explanation);
        }
        out.end();
        datagrams.add(ByteBuffer.wrap(addressed(out.toByteArray(), request, flags)));
    }

    /** A message with the flags, sequence number and port id of an answer. */
    private byte[] addressed(byte[] message, ByteBuffer request, int flags) {
        ByteBuffer header = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
        header.putShort(6, (short) flags).putInt(8, request.getInt(8)).putInt(12, port);
        return message;
    }

    private void queue(List<byte[]> messages) {
        int length =
                messages.stream().mapToInt(message -> align(message.length)).sum();
        boolean truncated = namespace.kernel().takeTruncation();
        ByteBuffer datagram = ByteBuffer.allocate(truncated ? length + LARGER_THAN_EXPECTED : length)
                .order(ByteOrder.nativeOrder());
        messages.forEach(message -> datagram.put(message).position(align(datagram.position())));
        if (truncated) {
            datagram.putInt(LARGER_THAN_EXPECTED).putShort((short) NLMSG_NOOP);
        }
        datagrams.add(datagram.rewind());
    }

    @Override
    public int receive(ByteBuffer into) throws NetlinkException {
        ByteBuffer datagram = datagrams.poll();
        if (datagram == null) {
            throw new NetlinkException("receive from netlink", Errno.EAGAIN);
        }
        int length = datagram.remaining();
        into.put(datagram.limit(datagram.position() + Math.min(length, into.remaining())));
        return length;
    }

    @Override
    public int portId() {
        return port;
    }

    @Override
    public void close() {
        datagrams.clear();
    }
}
