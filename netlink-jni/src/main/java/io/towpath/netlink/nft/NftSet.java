package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

import java.util.List;

/**
 * A set, or a map if there are types to map to.
 *
 * @param key what an element is: one type, or several for a concatenation
 * @param data what an element maps to; empty for a set, {@link DataType#VERDICT} alone for a verdict map
 * @param flags NFT_SET_* without those that follow from the types
 * @param timeoutMillis after how many milliseconds an element goes that says nothing else; 0 for never
 * @param size the number of elements at most, 0 for no limit
 * @param comment empty for none, at most 128 bytes
 * @param each what each element does on its own when a packet is found in the set: a counter ({@link Nft#counters}), a limit, or one
 *     after the other, where a limit that is exceeded makes it not found
 * @param handle the kernel's number for it, 0 if it did not come from the kernel
 */
public record NftSet(
        Table table,
        String name,
        List<DataType> key,
        List<DataType> data,
        int flags,
        long timeoutMillis,
        int size,
        String comment,
        List<Expression> each,
        long handle) {
    public NftSet {
        key = List.copyOf(key);
        data = List.copyOf(data);
        each = List.copyOf(each);
    }

    /** A set of single values or, with several types, of concatenations. */
    public static NftSet set(Table table, String name, DataType... key) {
        return new NftSet(table, name, List.of(key), List.of(), 0, 0, 0, "", List.of(), 0);
    }

    public static NftSet map(Table table, String name, List<DataType> key, List<DataType> data) {
        return new NftSet(table, name, key, data, 0, 0, 0, "", List.of(), 0);
    }

    /** A map to verdicts. */
    public static NftSet verdicts(Table table, String name, DataType... key) {
        return map(table, name, List.of(key), List.of(DataType.VERDICT));
    }

    /** A set that takes prefixes and ranges too. */
    public NftSet withIntervals() {
        return with(flags | NFT_SET_INTERVAL, timeoutMillis, size, comment);
    }

    /** A set whose elements may have timeouts. */
    public NftSet withTimeouts() {
        return with(flags | NFT_SET_TIMEOUT, timeoutMillis, size, comment);
    }

    /** A set whose elements go after a time if they say nothing else. */
    public NftSet withTimeout(long milliseconds) {
        return with(flags | NFT_SET_TIMEOUT, milliseconds, size, comment);
    }

    /** A set to which packets add elements. */
    public NftSet withDynamic() {
        return with(flags | NFT_SET_EVAL, timeoutMillis, size, comment);
    }

    public NftSet withSize(int elements) {
        return with(flags, timeoutMillis, elements, comment);
    }

    public NftSet withComment(String newComment) {
        return with(flags, timeoutMillis, size, newComment);
    }

    /** A set whose elements do something. */
    public NftSet withEach(List<Expression> expressions) {
        return new NftSet(table, name, key, data, flags, timeoutMillis, size, comment, expressions, handle);
    }

    private NftSet with(int newFlags, long newTimeout, int newSize, String newComment) {
        return new NftSet(table, name, key, data, newFlags, newTimeout, newSize, newComment, each, handle);
    }

    public boolean isMap() {
        return !data.isEmpty();
    }

    public boolean isVerdictMap() {
        return data.equals(List.of(DataType.VERDICT));
    }

    public boolean hasIntervals() {
        return (flags & NFT_SET_INTERVAL) != 0;
    }

    /** Whether its elements may go after a time. */
    public boolean hasTimeouts() {
        return (flags & NFT_SET_TIMEOUT) != 0;
    }

    /** Whether both are made alike; their elements and comments may differ. */
    public boolean isSame(NftSet other) {
        return table.isSame(other.table)
                && name.equals(other.name)
                && key.equals(other.key)
                && data.equals(other.data)
                && flags == other.flags
                && timeoutMillis == other.timeoutMillis
                && size == other.size
                && each.equals(other.each);
    }

    boolean isConcatenation() {
        return key.size() > 1;
    }

    /** Whether an interval is one element with two keys, not a start and an end. */
    boolean hasKeyEnds() {
        return hasIntervals() && isConcatenation();
    }

    static int length(List<DataType> types) {
        if (types.size() == 1) {
            return types.get(0).length();
        }
        int length = 0;
        for (DataType type : types) {
            length += Value.padded(type.length());
        }
        return length;
    }

    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder().append(table).append(' ').append(name).append(" { type ");
        join(text, key);
        if (isMap()) {
            text.append(" : ");
            join(text, data);
        }
        text.append((flags & NFT_SET_INTERVAL) != 0 ? "; flags interval" : "");
        text.append((flags & NFT_SET_EVAL) != 0 ? "; flags dynamic" : "");
        if ((flags & NFT_SET_TIMEOUT) != 0) {
            text.append("; timeout ").append(timeoutMillis).append("ms");
        }
        if (size > 0) {
            text.append("; size ").append(size);
        }
        each.forEach(expression -> text.append("; ").append(expression));
        return text.append("; }").toString();
    }

    private static void join(StringBuilder text, List<DataType> types) {
        for (int i = 0; i < types.size(); i++) {
            text.append(i == 0 ? "" : " . ").append(types.get(i));
        }
    }
}
