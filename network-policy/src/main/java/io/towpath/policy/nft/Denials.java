package io.towpath.policy.nft;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.DataType;
import io.towpath.netlink.nft.Element;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Expression.Limit;
import io.towpath.netlink.nft.Expression.Log;
import io.towpath.netlink.nft.Field;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.nft.RuleBuilder;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.nft.Value;
import io.towpath.netlink.nft.table.Contents;
import io.towpath.netlink.nft.table.ManagedTable;
import io.towpath.netlink.nft.table.TableState;
import io.towpath.netlink.nft.table.TableState.ChainState;
import io.towpath.netlink.nft.table.TableState.SetState;
import io.towpath.policy.ruleset.Direction;
import io.towpath.policy.ruleset.Endpoint;
import io.towpath.policy.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The chains in which packets end that are not allowed, and the sets by which they are counted and logged for their pods.
 *
 * <p>Counters and limits are in sets of their own, as kernels before 5.11 refuse both in one.
 */
final class Denials {
    /** How much of a denied packet is logged: the headers of IPv6 and TCP. */
    private static final int SNAPLEN = 80;

    /** Where packets go that come from no pod's interface, or not with its address. */
    private static final String STRANGERS = "denied-strangers";

    private final Table table;
    private final PolicyOptions options;
    private Map<Value, String> links = Map.of();

    Denials(Table table, PolicyOptions options) {
        this.table = table;
        this.options = options;
    }

    /** By what the pod of a denied packet is found. */
    private enum Key {
        INGRESS_LINK(Direction.INGRESS, "", Field.OIFNAME),

        /** Not the address, so that also what a pod sends with another's is counted as its own. */
        EGRESS_LINK(Direction.EGRESS, "", Field.IIFNAME),

        /** At the node's output, where the packet has come from no interface. */
        EGRESS_IPV4(Direction.EGRESS, "-4", Field.IP_SADDR),
        EGRESS_IPV6(Direction.EGRESS, "-6", Field.IP6_SADDR);

        private final Direction direction;
        private final String suffix;
        private final Field field;

        Key(Direction direction, String suffix, Field field) {
            this.direction = direction;
            this.suffix = suffix;
            this.field = field;
        }

        private boolean isLink() {
            return suffix.isEmpty();
        }

        private boolean isIpv6() {
            return this == EGRESS_IPV6;
        }

        private DataType type() {
            return isLink() ? DataType.IFNAME : TableLayout.address(isIpv6());
        }

        private @Nullable Value of(Endpoint endpoint) {
            if (isLink()) {
                return Value.name(endpoint.link());
            }
            return endpoint.address().ipv6() == isIpv6() ? Value.of(endpoint.address()) : null;
        }

        /** A rule for the packets whose pods it finds. */
        private RuleBuilder rule(Chain chain) {
            return isLink() ? Rule.in(chain) : Rule.in(chain).iifnameNot(TableLayout.PODS);
        }
    }

    /** Where packets of a direction go that are denied. */
    Chain denied(Direction direction) {
        return Chain.of(table, Verdicts.denied(direction).chain());
    }

    /** Where packets go that come from no pod's interface, or not with its address. */
    Chain strangers() {
        return Chain.of(table, STRANGERS);
    }

    List<ChainState> chains() {
        return List.of(
                state(denied(Direction.INGRESS), Key.INGRESS_LINK),
                state(denied(Direction.EGRESS), Key.EGRESS_LINK, Key.EGRESS_IPV4, Key.EGRESS_IPV6),
                state(strangers(), Key.EGRESS_LINK));
    }

    private ChainState state(Chain chain, Key... keys) {
        List<Rule> rules = new ArrayList<>();
        for (Key key : keys) {
            // No verdict: the element that is found counts, or lets go on to the log while its limit does; then the
            // packet
            // meets the end.
            rules.add(key.rule(chain).in(counted(key), key.field).build());
            if (options.logs()) {
                Log log = new Log(options.logGroup(), prefix(key.direction), SNAPLEN, 0);
                rules.add(key.rule(chain).in(logged(key), key.field).with(log).build());
            }
        }
        rules.add(options.end(Rule.in(chain).counter()));
        return new ChainState(chain, rules);
    }

    private String prefix(Direction direction) {
        return new LoggedDenial(direction, options.enforces()).prefix();
    }

    /** The pods, each with a counter of what was denied to or by it. */
    private NftSet counted(Key key) {
        return NftSet.set(table, "denied-" + Verdicts.suffix(key.direction) + key.suffix, key.type())
                .withEach(List.of(new Counter(0, 0)));
    }

    /** The pods, each with how much of what is denied to or by it is logged. */
    private NftSet logged(Key key) {
        Limit limit = new Limit(options.logPerSecond(), 1, options.logBurst(), false, false);
        return NftSet.set(table, "logged-" + Verdicts.suffix(key.direction) + key.suffix, key.type())
                .withEach(List.of(limit));
    }

    /** Adds the sets of a ruleset's pods. */
    void addTo(Ruleset ruleset, TableState state) {
        Map<Value, String> all = new HashMap<>();
        for (Key key : Key.values()) {
            Map<Value, Element> elements = new LinkedHashMap<>();
            for (Endpoint endpoint : ruleset.endpoints().keySet()) {
                Value value = key.of(endpoint);
                if (value != null) {
                    elements.computeIfAbsent(value, Element::of);
                    all.put(value, endpoint.link());
                }
            }
            state.withSet(new SetState(counted(key), new Contents.Listed(elements)));
            if (options.logs()) {
                state.withSet(new SetState(logged(key), new Contents.Listed(elements)));
            }
        }
        links = all;
    }

    /** What was counted for the pods that were added last; nothing if there is no table. */
    Map<PolicyTable.Denied, Long> read(ManagedTable from) throws NetlinkException {
        Map<PolicyTable.Denied, Long> denied = new HashMap<>();
        for (Key key : Key.values()) {
            try {
                from.counters(counted(key)).forEach((value, counter) -> {
                    String link = links.get(value);
                    if (link != null) {
                        denied.merge(new PolicyTable.Denied(link, key.direction), counter.packets(), Long::sum);
                    }
                });
            } catch (NetlinkException e) {
                if (!e.is(Errno.ENOENT)) {
                    throw e;
                }
            }
        }
        return denied;
    }
}
