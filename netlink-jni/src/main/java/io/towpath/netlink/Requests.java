package io.towpath.netlink;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Encoded requests in order, each with words for whoever reads of its failure. */
public final class Requests {
    private static final int FLAGS_AT = 6;
    private static final int SEQUENCE_AT = 8;

    private final MessageWriter writer = new MessageWriter();
    private final List<String> verbs = new ArrayList<>();
    private final List<Object> subjects = new ArrayList<>();
    private int[] starts = new int[8];
    private int[] indexes = new int[8];
    private int messages;

    /**
     * Begins a request; its body goes to the writer returned, which is to be ended.
     *
     * @param type the message's type
     * @param flags NLM_F_* beyond NLM_F_REQUEST
     * @param verb what is done, such as {@code "route add"}
     * @param subject what to, written out only if somebody asks
     */
    public MessageWriter add(int type, int flags, String verb, Object subject) {
        verbs.add(verb);
        subjects.add(subject);
        return addFurther(type, flags);
    }

    /** Begins a further message of the request before: its failure is that request's. */
    public MessageWriter addFurther(int type, int flags) {
        if (messages == starts.length) {
            starts = Arrays.copyOf(starts, 2 * messages);
            indexes = Arrays.copyOf(indexes, 2 * messages);
        }
        starts[messages] = writer.length();
        indexes[messages++] = verbs.size() - 1;
        return writer.begin(type, flags | Nl.NLM_F_REQUEST);
    }

    /** The number of requests. */
    public int size() {
        return verbs.size();
    }

    /** One line for a request, such as {@code "route add 10.244.2.0/24 via 10.244.2.0 dev 7 onlink"}. */
    public String describe(int index) {
        return verbs.get(index) + " " + subjects.get(index);
    }

    /** One line per request. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < size(); i++) {
            text.append(describe(i)).append('\n');
        }
        return text.toString();
    }

    /** Puts another number of 32 bits, in network byte order, at a place of what was written. */
    public void patchBe32(int at, int value) {
        ByteBuffer bytes = writer.bytes();
        bytes.put(at, (byte) (value >>> 24))
                .put(at + 1, (byte) (value >>> 16))
                .put(at + 2, (byte) (value >>> 8))
                .put(at + 3, (byte) value);
    }

    int messages() {
        return messages;
    }

    /** The request that a message belongs to. */
    int index(int message) {
        return indexes[message];
    }

    /** The bytes before a message. */
    int start(int message) {
        return message == messages ? writer.length() : starts[message];
    }

    private int flags(int message) {
        return writer.bytes().getShort(starts[message] + FLAGS_AT);
    }

    /** Numbers the messages and makes one, if any, ask for an acknowledgement. */
    ByteBuffer prepare(int from, int to, int firstSequence, int acknowledged) {
        ByteBuffer bytes = writer.bytes();
        for (int i = from; i < to; i++) {
            bytes.putInt(starts[i] + SEQUENCE_AT, firstSequence + i - from);
            int ack = i == acknowledged ? Nl.NLM_F_ACK : 0;
            bytes.putShort(starts[i] + FLAGS_AT, (short) ((flags(i) & ~Nl.NLM_F_ACK) | ack));
        }
        return bytes.duplicate().order(bytes.order()).limit(start(to)).position(start(from));
    }
}
