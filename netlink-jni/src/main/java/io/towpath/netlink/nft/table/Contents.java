package io.towpath.netlink.nft.table;

import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Value;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The elements of a set. Those who have a million of them may make them when they are needed. */
public interface Contents {
    /** The elements by their key, of an interval its first value. */
    Map<Value, Element> byKey();

    /** Tells what is to go and what is to come where there are others. An element that changed goes and comes. */
    default void since(Contents old, Collection<Element> gone, Collection<Element> come) {
        Map<Value, Element> before = old.byKey();
        Map<Value, Element> after = byKey();
        before.forEach((key, element) -> {
            if (!element.equals(after.get(key))) {
                gone.add(element);
            }
        });
        after.forEach((key, element) -> {
            if (!element.equals(before.get(key))) {
                come.add(element);
            }
        });
    }

    /** Elements that go by themselves after a time: whichever there are, it is as it must be. */
    record Passing() implements Contents {
        @Override
        public Map<Value, Element> byKey() {
            return Map.of();
        }

        @Override
        public void since(Contents old, Collection<Element> gone, Collection<Element> come) {}
    }

    /** Elements as they are. */
    record Listed(Map<Value, Element> byKey) implements Contents {
        /** Of elements that differ in their keys. */
        public static Listed of(Iterable<Element> elements) {
            Map<Value, Element> byKey = new LinkedHashMap<>();
            elements.forEach(element -> byKey.put(element.key(), element));
            return new Listed(byKey);
        }
    }
}
