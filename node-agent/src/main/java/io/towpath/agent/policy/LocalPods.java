package io.towpath.agent.policy;

import io.towpath.agent.policy.denial.DenialReader;
import io.towpath.agent.source.PolicyFacts;
import io.towpath.cni.wiring.EndpointName;
import io.towpath.cni.wiring.OwnerMark;
import io.towpath.net.IpAddress;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Route;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.RtnlEvent;
import io.towpath.policy.compile.LocalEndpoint;
import io.towpath.policy.facts.Facts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The pods that this node has. The CNI executable tells of each; of those that it told another agent of, before this one was
 * started, the kernel does: the name of a pod's link is made from the pod's, and its addresses have routes by it. Not for use by
 * several threads.
 */
final class LocalPods {
    /**
     * How long a pod is waited for that the facts do not know yet, though no policy can be about it: who makes a policy and then a pod is told
     * of in that order, and what came of it is to be seen before the pod is let through.
     */
    static final long ORDER_NANOS = 1_000_000_000L;

    private Map<String, Handed> handed = new HashMap<>();
    private volatile Map<String, Seen> seen = Map.of();
    private Set<Integer> indexes = Set.of();
    private boolean isStale = true;

    private @Nullable Map<String, String> named;
    private Map<String, Pod> owners = Map.of();

    /**
     * What was handed over.
     *
     * @param index that the link had then; 0 until it was looked for
     * @param since when, as {@link System#nanoTime} tells
     * @param wasKnown whether the facts have known the pod since
     */
    private record Handed(Handover handover, int index, long since, boolean wasKnown) {
        /** Whether it is about a link of its name; one that comes under the name of another is another pod's. */
        boolean isOf(int linkIndex) {
            return index == 0 || index == linkIndex;
        }

        /** Whether it was for a pod of this UID; not if that is not known. */
        boolean isFor(@Nullable String uid) {
            return uid != null && uid.equals(handover.uid());
        }

        Handed at(int linkIndex) {
            return new Handed(handover, linkIndex, since, wasKnown);
        }

        /** In how many nanoseconds it is {@link LocalPods#unknown}, if the facts do not know of it by then. */
        long untilUnknown(long now) {
            return wasKnown ? Long.MAX_VALUE : since + ORDER_NANOS - now;
        }

        Handed known() {
            return wasKnown ? this : new Handed(handover, index, since, true);
        }
    }

    /** A link of a pod, with the addresses that have a route by it. */
    private record Seen(int index, String alias, List<IpAddress> addresses) {}

    private record Pod(String namespace, String name) {}

    /**
     * Takes an interface that the CNI executable tells of; that of a pod that it told of before changes nothing.
     *
     * @param now as {@link System#nanoTime} tells
     */
    void add(Handover handover, long now) {
        Handed before = handed.get(handover.link());
        handed.put(
                handover.link(),
                before != null && before.isFor(handover.uid())
                        ? new Handed(handover, 0, before.since, before.wasKnown)
                        : new Handed(handover, 0, now, false));
        isStale |= !seen.containsKey(handover.link());
    }

    /** Whether there is a link of this name; as of the last look. Any thread may ask. */
    boolean has(String link) {
        return seen.containsKey(link);
    }

    /** Takes what the kernel tells, and tells whether the pods may be others. */
    boolean concerns(RtnlEvent event) {
        boolean concerns = switch (event.kind()) {
            case LOST -> true;
            case LINK ->
                EndpointName.isHostName(event.linkName())
                        // One that is known and comes again is as it was, for all that matters here.
                        && (event.gone() || !indexes.contains(event.linkIndex()));
            case ROUTE -> indexes.contains(event.linkIndex());
            default -> false;
        };
        isStale |= concerns;
        return concerns;
    }

    /** Asks for a look in any case. */
    void doubt() {
        isStale = true;
    }

    /** Looks at the kernel if it may have changed. */
    void look(Rtnl rtnl) throws NetlinkException {
        if (!isStale) {
            return;
        }
        Map<String, Seen> found = new TreeMap<>();
        Set<Integer> foundIndexes = new HashSet<>();
        boolean allHanded = true;
        for (Link link : rtnl.links()) {
            if (EndpointName.isHostName(link.name())) {
                String alias = link.alias();
                found.put(link.name(), new Seen(link.index(), alias == null ? "" : alias, List.of()));
                foundIndexes.add(link.index());
                allHanded &= isHanded(link);
            }
        }
        if (!allHanded) {
            Map<Integer, List<IpAddress>> addresses = addresses(rtnl, foundIndexes);
            found.replaceAll(
                    (_, each) -> new Seen(each.index, each.alias, addresses.getOrDefault(each.index, List.of())));
        }
        Map<String, Handed> kept = new HashMap<>();
        found.forEach((link, each) -> {
            Handed known = handed.get(link);
            if (known != null && known.isOf(each.index)) {
                kept.put(link, known.at(each.index));
            }
        });
        handed = kept;
        seen = found;
        indexes = foundIndexes;
        isStale = false;
    }

    private boolean isHanded(Link link) {
        Handed known = handed.get(link.name());
        return known != null && known.isOf(link.index());
    }

    private static Map<Integer, List<IpAddress>> addresses(Rtnl rtnl, Set<Integer> links) throws NetlinkException {
        Map<Integer, List<IpAddress>> addresses = new HashMap<>();
        for (Route route : rtnl.routes()) {
            if (links.contains(route.linkIndex()) && route.isToOne() && route.gateway() == null) {
                addresses
                        .computeIfAbsent(route.linkIndex(), _ -> new ArrayList<>())
                        .add(route.destination().address());
            }
        }
        return addresses;
    }

    /**
     * The interfaces of pods. Those of none that is known are not among them, nor those of one that the facts still mean its
     * namesake by.
     */
    List<LocalEndpoint> endpoints(PolicyFacts facts) {
        name(facts);
        List<LocalEndpoint> endpoints = new ArrayList<>();
        seen.forEach((link, each) -> {
            Handed known = handed.get(link);
            if (known != null) {
                if (isOf(known.handover, facts)) {
                    handed.put(link, known.known());
                    endpoints.add(known.handover.endpoint());
                }
                return;
            }
            Pod owner = owner(link, each);
            if (owner != null && !each.addresses.isEmpty()) {
                endpoints.add(new LocalEndpoint(owner.namespace, owner.name, link, each.addresses));
            }
        });
        return endpoints;
    }

    /**
     * The interfaces that were handed over some time ago, and of whose pods the facts have not known since.
     *
     * @param now as {@link System#nanoTime} tells
     */
    List<LocalEndpoint> unknown(long now) {
        List<LocalEndpoint> unknown = new ArrayList<>();
        handed.forEach((link, each) -> {
            if (each.untilUnknown(now) <= 0 && seen.containsKey(link)) {
                unknown.add(each.handover.endpoint());
            }
        });
        return unknown;
    }

    /** The links that were handed over and whose pods the facts have not known since. */
    Set<String> notKnownYet() {
        Set<String> links = new HashSet<>();
        handed.forEach((link, each) -> {
            if (!each.wasKnown) {
                links.add(link);
            }
        });
        return links;
    }

    /** In how many nanoseconds there will be more that are {@link #unknown}; at most {@code longest}. */
    long untilUnknown(long now, long longest) {
        return handed.values().stream()
                .mapToLong(each -> each.untilUnknown(now))
                .filter(left -> left > 0)
                .reduce(longest, Math::min);
    }

    /** By what packets are understood: the pods of endpoints, by the indexes of their links and by their addresses. */
    DenialReader.Known known(Facts facts, List<LocalEndpoint> endpoints) {
        Map<Integer, String> links = new HashMap<>();
        Map<IpAddress, String> byAddress = new HashMap<>();
        for (LocalEndpoint endpoint : endpoints) {
            String pod = PolicyFacts.key(endpoint.podNamespace(), endpoint.podName());
            Seen link = seen.get(endpoint.link());
            if (link != null) {
                links.put(link.index, pod);
            }
            endpoint.addresses().forEach(address -> byAddress.put(address, pod));
        }
        return new DenialReader.Known(facts, links, byAddress);
    }

    /** Whether the facts know the pod that was meant. */
    static boolean isOf(Handover handover, PolicyFacts facts) {
        String uid = facts.uids().get(PolicyFacts.key(handover.podNamespace(), handover.podName()));
        return uid != null && (handover.uid() == null || handover.uid().equals(uid));
    }

    private void name(PolicyFacts facts) {
        if (facts.uids().equals(named)) {
            return;
        }
        Map<String, Pod> made = new HashMap<>();
        for (String key : facts.uids().keySet()) {
            int slash = key.indexOf('/');
            Pod pod = new Pod(key.substring(0, slash), key.substring(slash + 1));
            made.put(EndpointName.hostName(pod.namespace, pod.name, "", "eth0"), pod);
        }
        owners = made;
        named = facts.uids();
    }

    private @Nullable Pod owner(String link, Seen each) {
        Pod owner = owners.get(link);
        if (owner != null || !OwnerMark.isMark(each.alias)) {
            return owner;
        }
        String ifName = new OwnerMark(each.alias).ifName();
        for (Pod pod : owners.values()) {
            if (EndpointName.hostName(pod.namespace, pod.name, "", ifName).equals(link)) {
                return pod;
            }
        }
        return null;
    }
}
