package io.towpath.policy.nft;

import io.towpath.net.IpAddress;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.Contents;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Outcome;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of a profile and a family: those of one outcome as a set or, if it is null, all but those of others as a map.
 * There may be a million, so the elements are made when they are needed.
 */
record Addresses(
        Map<IpAddress, Outcome> outcomes,
        boolean ipv6,
        Direction direction,
        @Nullable Outcome only,
        List<Outcome> others)
        implements Contents {
    @Override
    public Map<Value, Element> byKey() {
        Map<Value, Element> byKey = new LinkedHashMap<>();
        outcomes.forEach((address, outcome) -> {
            if (has(address, outcome)) {
                Element element = element(address, outcome);
                byKey.put(element.key(), element);
            }
        });
        return byKey;
    }

    boolean isEmpty() {
        return outcomes.entrySet().stream().noneMatch(entry -> has(entry.getKey(), entry.getValue()));
    }

    private boolean has(IpAddress address, @Nullable Outcome outcome) {
        return outcome != null
                && address.ipv6() == ipv6
                && (only == null ? !others.contains(outcome) : only.equals(outcome));
    }

    private Element element(IpAddress address, Outcome outcome) {
        Element element = Element.of(Value.of(address));
        return only == null ? element.to(Verdicts.of(direction, outcome)) : element;
    }

    @Override
    public void since(Contents old, Collection<Element> gone, Collection<Element> come) {
        if (!(old instanceof Addresses before)) {
            Contents.super.since(old, gone, come);
            return;
        }
        before.outcomes.forEach((address, outcome) -> {
            if (before.has(address, outcome) && !isSame(address, outcome, outcomes.get(address))) {
                gone.add(before.element(address, outcome));
            }
        });
        outcomes.forEach((address, outcome) -> {
            Outcome was = before.outcomes.get(address);
            if (has(address, outcome) && !(before.has(address, was) && outcome.equals(was))) {
                come.add(element(address, outcome));
            }
        });
    }

    private boolean isSame(IpAddress address, Outcome was, @Nullable Outcome now) {
        return has(address, now) && was.equals(now);
    }
}
