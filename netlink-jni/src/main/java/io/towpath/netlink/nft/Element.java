package io.towpath.netlink.nft;

import io.towpath.net.IpPrefix;
import io.towpath.netlink.nft.Expression.Counter;
import org.jspecify.annotations.Nullable;

/**
 * An element of a set or map.
 *
 * @param key the element or, of an interval, its first value
 * @param keyEnd the last value of an interval, null for a single value; of a concatenation the last values of all parts
 * @param data what it maps to, null if not to a value
 * @param verdict what it maps to, null if not to a verdict
 * @param timeoutMillis how long it lives, in milliseconds; 0 for as long as its set says
 * @param expirationMillis how long it still lives, as the kernel tells; 0 when it is added, and for ever
 * @param comment empty for none, at most 128 bytes
 * @param counted what it begins to count from, in a set whose elements count; null for nothing. Not told by the kernel with the
 *     elements of a set ({@link Nft#counters})
 */
public record Element(
        Value key,
        @Nullable Value keyEnd,
        @Nullable Value data,
        @Nullable Verdict verdict,
        long timeoutMillis,
        long expirationMillis,
        String comment,
        @Nullable Counter counted) {
    /** A single value. */
    public static Element of(Value key) {
        return new Element(key, null, null, null, 0, 0, "", null);
    }

    /** An interval, both ends included. */
    public static Element range(Value first, Value last) {
        return of(first).withKeyEnd(last.equals(first) ? null : last);
    }

    /** All addresses of a prefix. */
    public static Element of(IpPrefix prefix) {
        return range(Value.of(prefix.network().address()), Value.of(prefix.last()));
    }

    Element withKeyEnd(@Nullable Value last) {
        return new Element(key, last, data, verdict, timeoutMillis, expirationMillis, comment, counted);
    }

    /** The element as one of a map. */
    public Element to(Value newData) {
        return new Element(key, keyEnd, newData, null, timeoutMillis, expirationMillis, comment, counted);
    }

    /** The element as one of a verdict map. */
    public Element to(Verdict newVerdict) {
        return new Element(key, keyEnd, null, newVerdict, timeoutMillis, expirationMillis, comment, counted);
    }

    public Element withTimeout(long milliseconds) {
        return new Element(key, keyEnd, data, verdict, milliseconds, expirationMillis, comment, counted);
    }

    /** The element with so much of its time left, in milliseconds. */
    public Element withExpiration(long milliseconds) {
        return new Element(key, keyEnd, data, verdict, timeoutMillis, milliseconds, comment, counted);
    }

    /** The element as one that has counted so much. */
    public Element withCounted(Counter counter) {
        return new Element(key, keyEnd, data, verdict, timeoutMillis, expirationMillis, comment, counter);
    }

    public Element withComment(String newComment) {
        return new Element(key, keyEnd, data, verdict, timeoutMillis, expirationMillis, newComment, counted);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder().append(key);
        if (keyEnd != null) {
            text.append('-').append(keyEnd);
        }
        if (timeoutMillis > 0) {
            text.append(" timeout ").append(timeoutMillis).append("ms");
        }
        if (!comment.isEmpty()) {
            text.append(" comment \"").append(comment).append('"');
        }
        if (data != null) {
            text.append(" : ").append(data);
        }
        if (verdict != null) {
            text.append(" : ").append(verdict);
        }
        return text.toString();
    }
}
