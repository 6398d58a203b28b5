package io.towpath.lab.containerd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A message in protocol buffers' wire format, by field numbers: as much of it as the CRI's few messages need, that is numbers
 * and what has a length.
 */
final class Message {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH = 2;
    private static final int FIXED32 = 5;

    private final Map<Integer, List<Object>> fields = new TreeMap<>();

    Message with(int field, long value) {
        return add(field, value);
    }

    Message with(int field, String value) {
        return add(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Message with(int field, Message value) {
        return add(field, value.bytes());
    }

    private Message add(int field, Object value) {
        fields.computeIfAbsent(field, _ -> new ArrayList<>()).add(value);
        return this;
    }

    private List<Object> all(int field) {
        return fields.getOrDefault(field, List.of());
    }

    /** A number, 0 if there is none: absent and 0 are the same in this format. */
    long number(int field) {
        return all(field).isEmpty() ? 0 : (long) all(field).getLast();
    }

    /** A text, empty if there is none. */
    String text(int field) {
        return all(field).isEmpty() ? "" : new String((byte[]) all(field).getLast(), StandardCharsets.UTF_8);
    }

    /** A message, without fields if there is none. */
    Message message(int field) {
        return all(field).isEmpty() ? new Message() : parse((byte[]) all(field).getLast());
    }

    /** The messages of a repeated field. */
    List<Message> messages(int field) {
        return all(field).stream().map(value -> parse((byte[]) value)).toList();
    }

    /** A map of texts. */
    Map<String, String> map(int field) {
        Map<String, String> map = new TreeMap<>();
        messages(field).forEach(entry -> map.put(entry.text(1), entry.text(2)));
        return map;
    }

    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        fields.forEach((field, values) -> {
            for (Object value : values) {
                if (value instanceof byte[] bytes) {
                    writeVarint(out, ((long) field << 3) | LENGTH);
                    writeVarint(out, bytes.length);
                    out.writeBytes(bytes);
                } else {
                    writeVarint(out, ((long) field << 3) | VARINT);
                    writeVarint(out, (long) value);
                }
            }
        });
        return out.toByteArray();
    }

    static Message read(InputStream in) {
        try (in) {
            return parse(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Message parse(byte[] bytes) {
        Message message = new Message();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        while (in.hasRemaining()) {
            long tag = readVarint(in);
            int field = (int) (tag >>> 3);
            switch ((int) (tag & 7)) {
                case VARINT -> message.add(field, readVarint(in));
                case FIXED64 -> in.position(in.position() + Long.BYTES);
                case FIXED32 -> in.position(in.position() + Integer.BYTES);
                case LENGTH -> {
                    byte[] value = new byte[(int) readVarint(in)];
                    in.get(value);
                    message.add(field, value);
                }
                default -> throw new IllegalArgumentException("wire type of field " + field);
            }
        }
        return message;
    }

    private static void writeVarint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static long readVarint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value;
            }
        }
    }
}
