package io.towpath.netlink.xtables;

import io.towpath.linux.Errno;
import io.towpath.linux.LinuxException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A table of iptables-legacy as the kernel tells it: entries one after the other, in which chains are places. A chain of the user's begins
 * with an entry whose target is ERROR and says its name; one that is built in lies between a hook's entry and its underflow, which
 * is the policy.
 */
public final class XTable {
    private static final int HOOKS = 5;
    private static final List<String> BUILT_IN = List.of("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING");

    // struct ipt_getinfo, all alike for both families.
    private static final int NAME_LENGTH = 32;
    private static final int VALID_HOOKS_AT = 32;
    private static final int HOOK_ENTRY_AT = 36;
    private static final int UNDERFLOW_AT = 56;
    private static final int NUM_ENTRIES_AT = 76;
    private static final int SIZE_AT = 80;
    private static final int INFO_LENGTH = 84;

    /** Where struct ipt_get_entries has the entries. */
    private static final int ENTRIES_AT = 40;

    // struct ipt_replace.
    private static final int REPLACE_LENGTH = 96;
    private static final int COUNTER_LENGTH = 16;
    private static final int ADD_COUNTERS_AT = 40;

    private static final int MATCH_HEADER = 32;
    private static final int MATCH_NAME = 29;
    // Verdicts, as rules have them: less by one than NF_* of linux/netfilter.h and XT_RETURN of
    // linux/netfilter/x_tables.h, and negative.
    private static final int DROP = -1;
    private static final int ACCEPT = -2;
    private static final int QUEUE = -4;
    private static final int RETURN = -5;

    private static final String ERROR = "ERROR";
    private static final String COMMENT = "comment";

    private final String name;
    private final Layout layout;
    private final ByteBuffer info;
    private final ByteBuffer entries;
    private final List<Entry> parsed = new ArrayList<>();
    private final Map<Integer, String> firstRules = new HashMap<>();
    private final Set<Integer> policies = new HashSet<>();

    /** Where struct ipt_entry or ip6t_entry has what is read of it. */
    private enum Layout {
        IPV4(84, 82, 88, 112),
        IPV6(136, 131, 140, 168);

        /** Where what a packet is compared with ends, struct ipt_ip or ip6t_ip6. */
        private final int selectorLength;

        /** Where that has its flags, of which none is about packets of any family and protocol. */
        private final int flagsAt;

        private final int targetOffsetAt;
        private final int length;

        Layout(int selectorLength, int flagsAt, int targetOffsetAt, int length) {
            this.selectorLength = selectorLength;
            this.flagsAt = flagsAt;
            this.targetOffsetAt = targetOffsetAt;
            this.length = length;
        }
    }

    /**
     * An entry.
     *
     * @param chain where it stands, empty for the last of all
     * @param isRule not a chain's beginning or end
     */
    private record Entry(int offset, int size, String chain, boolean isRule) {}

    /** What takes the place of the table, and which of the old entries are in it. */
    static final class Replacement {
        private final String name;
        private final byte[] bytes;
        private final List<Integer> kept;

        private Replacement(String name, byte[] bytes, List<Integer> kept) {
            this.name = name;
            this.bytes = bytes;
            this.kept = kept;
        }

        /** struct ipt_replace. */
        byte[] bytes() {
            return bytes;
        }

        /** struct xt_counters_info for the new table. */
        byte[] counted(byte[] old) {
            ByteBuffer out = ByteBuffer.allocate(ADD_COUNTERS_AT + COUNTER_LENGTH * kept.size())
                    .order(ByteOrder.nativeOrder());
            out.put(name.getBytes(StandardCharsets.US_ASCII)).putInt(NAME_LENGTH, kept.size());
            out.position(ADD_COUNTERS_AT);
            kept.forEach(index -> out.put(old, COUNTER_LENGTH * index, COUNTER_LENGTH));
            return out.array();
        }
    }

    private XTable(boolean ipv6, byte[] info, byte[] answer) throws LinuxException {
        layout = ipv6 ? Layout.IPV6 : Layout.IPV4;
        this.info = ByteBuffer.wrap(info).order(ByteOrder.nativeOrder());
        entries = ByteBuffer.wrap(answer, ENTRIES_AT, answer.length - ENTRIES_AT)
                .slice()
                .order(ByteOrder.nativeOrder());
        name = text(this.info, 0, NAME_LENGTH);
        try {
            parse();
        } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
            throw malformed(e.toString());
        }
    }

    /** What to ask for a table's figures with: struct ipt_getinfo. */
    static byte[] info(String name) throws LinuxException {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= NAME_LENGTH) {
            throw new LinuxException("read table " + name, Errno.ENAMETOOLONG);
        }
        return Arrays.copyOf(bytes, INFO_LENGTH);
    }

    /** What to ask for its entries with: struct ipt_get_entries. */
    static byte[] room(byte[] info) {
        int size = ByteBuffer.wrap(info).order(ByteOrder.nativeOrder()).getInt(SIZE_AT);
        ByteBuffer room = ByteBuffer.allocate(ENTRIES_AT + size).order(ByteOrder.nativeOrder());
        return room.put(info, 0, NAME_LENGTH).putInt(size).array();
    }

    static XTable of(boolean ipv6, byte[] info, byte[] answer) throws LinuxException {
        return new XTable(ipv6, info, answer);
    }

    public String name() {
        return name;
    }

    /** The length in bytes of what all entries count. */
    int counters() {
        return COUNTER_LENGTH * parsed.size();
    }

    /** The user's chains, in their order. */
    public List<String> chains() {
        return List.copyOf(new TreeMap<>(firstRules).values());
    }

    /** The rules of all chains, in their order. */
    public List<XRule> rules() {
        return parsed.stream().filter(Entry::isRule).map(this::rule).toList();
    }

    /** What becomes of packets in a chain, in order; of one that is built in the policy is the last. */
    public List<XStep> steps(String chain) {
        List<XStep> steps = new ArrayList<>();
        for (int i = 0; i < parsed.size(); i++) {
            Entry entry = parsed.get(i);
            if (!entry.chain.equals(chain)) {
                continue;
            }
            boolean isPolicy = policies.contains(entry.offset);
            if (entry.isRule || isPolicy) {
                steps.add(new XStep(chain, does(entry), isForAll(entry), isPolicy));
            }
        }
        return steps;
    }

    private String does(Entry entry) {
        String extension = targetName(entry.offset);
        if (!extension.isEmpty()) {
            return extension;
        }
        int verdict = entries.getInt(target(entry.offset) + MATCH_HEADER);
        return switch (verdict) {
            case DROP -> "DROP";
            case ACCEPT -> "ACCEPT";
            case QUEUE -> "QUEUE";
            case RETURN -> "RETURN";
            default -> firstRules.getOrDefault(verdict, "");
        };
    }

    /** Whether nothing is asked of a packet; a comment asks nothing. */
    private boolean isForAll(Entry entry) {
        for (int at = 0; at < layout.selectorLength; at++) {
            if (at != layout.flagsAt && entries.get(entry.offset + at) != 0) {
                return false;
            }
        }
        int target = target(entry.offset);
        int at = entry.offset + layout.length;
        while (at + MATCH_HEADER <= target) {
            if (!text(entries, at + 2, MATCH_NAME).equals(COMMENT)) {
                return false;
            }
            at += Math.max(Short.toUnsignedInt(entries.getShort(at)), MATCH_HEADER);
        }
        return true;
    }

    private LinuxException malformed(String reason) {
        return new LinuxException("read table " + name, Errno.EBADMSG, reason);
    }

    private void parse() throws LinuxException {
        Map<Integer, String> hooks = new HashMap<>();
        for (int hook = 0; hook < HOOKS; hook++) {
            if ((info.getInt(VALID_HOOKS_AT) & 1 << hook) != 0) {
                hooks.put(info.getInt(HOOK_ENTRY_AT + 4 * hook), BUILT_IN.get(hook));
                policies.add(info.getInt(UNDERFLOW_AT + 4 * hook));
            }
        }
        String chain = "";
        for (int offset = 0; offset < entries.limit(); ) {
            int size = Short.toUnsignedInt(entries.getShort(offset + layout.targetOffsetAt + 2));
            if (size < layout.length + MATCH_HEADER || size > entries.limit() - offset) {
                throw malformed("an entry of " + size + " bytes");
            }
            boolean isHead = targetName(offset).equals(ERROR);
            if (isHead) {
                chain = errorName(offset);
                firstRules.put(offset + size, chain);
            } else {
                chain = hooks.getOrDefault(offset, chain);
            }
            boolean isLast = offset + size == entries.limit();
            parsed.add(new Entry(offset, size, isLast ? "" : chain, !isHead && !policies.contains(offset)));
            offset += size;
        }
        if (parsed.size() != info.getInt(NUM_ENTRIES_AT)) {
            throw malformed(parsed.size() + " entries, of which it counts " + info.getInt(NUM_ENTRIES_AT));
        }
        // The last entry looks like the beginning of a chain. A chain's end is a rule that nobody wrote.
        firstRules.remove(entries.limit());
        for (int i = 0; i + 1 < parsed.size(); i++) {
            Entry next = parsed.get(i + 1);
            Entry entry = parsed.get(i);
            if (targetName(next.offset).equals(ERROR)) {
                parsed.set(i, new Entry(entry.offset, entry.size, entry.chain, false));
            }
        }
    }

    private int target(int offset) {
        return offset + Short.toUnsignedInt(entries.getShort(offset + layout.targetOffsetAt));
    }

    private String targetName(int offset) {
        return text(entries, target(offset) + 2, MATCH_NAME);
    }

    private String errorName(int offset) {
        return text(entries, target(offset) + MATCH_HEADER, MATCH_NAME + 1);
    }

    private XRule rule(Entry entry) {
        List<String> comments = new ArrayList<>();
        int target = target(entry.offset);
        int at = entry.offset + layout.length;
        while (at + MATCH_HEADER <= target) {
            int size = Short.toUnsignedInt(entries.getShort(at));
            if (text(entries, at + 2, MATCH_NAME).equals(COMMENT)) {
                comments.add(text(entries, at + MATCH_HEADER, size - MATCH_HEADER));
            }
            at += Math.max(size, MATCH_HEADER);
        }
        String jump = "";
        if (targetName(entry.offset).isEmpty()) {
            jump = firstRules.getOrDefault(entries.getInt(target + MATCH_HEADER), "");
        }
        return new XRule(entry.chain, jump, comments);
    }

    private static String text(ByteBuffer from, int at, int length) {
        byte[] bytes = new byte[length];
        from.get(at, bytes);
        int end = 0;
        while (end < length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /** The table without chains, and without rules of others. */
    Replacement without(Set<String> chains, Set<XRule> rules) {
        List<Integer> kept = new ArrayList<>();
        Map<Integer, Integer> moved = new HashMap<>();
        int size = 0;
        for (int i = 0; i < parsed.size(); i++) {
            Entry entry = parsed.get(i);
            moved.put(entry.offset, size);
            boolean goes = firstRules.containsValue(entry.chain) && chains.contains(entry.chain);
            if (!goes && !(entry.isRule && rules.contains(rule(entry)))) {
                kept.add(i);
                size += entry.size;
            }
        }
        ByteBuffer out = ByteBuffer.allocate(REPLACE_LENGTH + size).order(ByteOrder.nativeOrder());
        out.put(info.array(), 0, NAME_LENGTH);
        out.putInt(info.getInt(VALID_HOOKS_AT)).putInt(kept.size()).putInt(size);
        for (int at = HOOK_ENTRY_AT; at < NUM_ENTRIES_AT; at += 4) {
            out.putInt(moved.getOrDefault(info.getInt(at), 0));
        }
        out.putInt(parsed.size()).position(REPLACE_LENGTH);
        for (int index : kept) {
            Entry entry = parsed.get(index);
            int start = out.position();
            out.put(entries.array(), entries.arrayOffset() + entry.offset, entry.size);
            int target = target(entry.offset);
            int verdictAt = target + MATCH_HEADER;
            if (targetName(entry.offset).isEmpty() && entries.getInt(verdictAt) >= 0) {
                // To a chain, or on to the next entry.
                int to = entries.getInt(verdictAt);
                out.putInt(
                        start + verdictAt - entry.offset,
                        to == entry.offset + entry.size
                                ? start - REPLACE_LENGTH + entry.size
                                : moved.getOrDefault(to, 0));
            }
        }
        return new Replacement(name, out.array(), kept);
    }
}
