package io.towpath.policy.compile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** What of a list is there no more, and what is new; something that changed is both. */
record Diff<T>(List<T> gone, List<T> come) {
    /**
     * Finds it; the cost is that of a comparison of references, but where the lists differ.
     *
     * @param key what no two of a list have in common
     */
    static <T> Diff<T> of(List<T> before, List<T> after, Function<T, Object> key) {
        int shorter = Math.min(before.size(), after.size());
        int head = 0;
        while (head < shorter && isSame(before.get(head), after.get(head))) {
            head++;
        }
        int tail = 0;
        while (tail < shorter - head
                && isSame(before.get(before.size() - 1 - tail), after.get(after.size() - 1 - tail))) {
            tail++;
        }
        Map<Object, T> old = new LinkedHashMap<>();
        for (T each : before.subList(head, before.size() - tail)) {
            old.put(key.apply(each), each);
        }
        List<T> gone = new ArrayList<>();
        List<T> come = new ArrayList<>();
        for (T each : after.subList(head, after.size() - tail)) {
            T was = old.remove(key.apply(each));
            if (was == null) {
                come.add(each);
            } else if (!was.equals(each)) {
                gone.add(was);
                come.add(each);
            }
        }
        gone.addAll(old.values());
        return new Diff<>(gone, come);
    }

    // A look at what the two say would cost as much as to compile them.
    @SuppressWarnings("ReferenceEquality")
    private static boolean isSame(Object one, Object other) {
        return one == other;
    }

    boolean isEmpty() {
        return gone.isEmpty() && come.isEmpty();
    }
}
