package io.towpath.netlink.nft;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What the kernel keeps for user space, in the form of {@code nft} (libnftnl): type and length of one byte each, value. */
final class UserData {
    /** The comment of all but sets. */
    static final int COMMENT = 0;

    static final int SET_KEY_BYTE_ORDER = 0;
    static final int SET_DATA_BYTE_ORDER = 1;
    static final int SET_COMMENT = 7;

    private static final int MAX_COMMENT = 128;
    private static final int HOST_ORDER = 1;
    private static final int NETWORK_ORDER = 2;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** A comment alone. */
    static byte[] comment(String comment) {
        return new UserData().add(COMMENT, comment).bytes();
    }

    UserData add(int type, String text) {
        byte[] value = text.getBytes(StandardCharsets.UTF_8);
        if (value.length > MAX_COMMENT) {
            throw new IllegalArgumentException("a comment of " + value.length + " bytes: " + text);
        }
        bytes.write(type);
        bytes.write(value.length + 1);
        bytes.writeBytes(value);
        bytes.write(0);
        return this;
    }

    /** Says how {@code nft} is to read what is of this type; of concatenations and verdicts it knows. */
    UserData addByteOrder(int type, List<DataType> types) {
        int order = types.get(0).isNetworkOrder() ? NETWORK_ORDER : HOST_ORDER;
        int value = types.size() > 1 || types.contains(DataType.VERDICT) ? 0 : order;
        bytes.write(type);
        bytes.write(Integer.BYTES);
        bytes.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(value)
                .array());
        return this;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    /** The text of a type, empty if there is none. */
    static String text(byte[] data, int type) {
        int at = 0;
        while (at + 2 <= data.length) {
            int length = data[at + 1] & 0xff;
            if (length > data.length - at - 2) {
                return "";
            }
            if ((data[at] & 0xff) == type) {
                int end = length > 0 && data[at + 1 + length] == 0 ? length - 1 : length;
                return new String(data, at + 2, end, StandardCharsets.UTF_8);
            }
            at += 2 + length;
        }
        return "";
    }
}
