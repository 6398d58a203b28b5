package io.towpath.overlay;

import io.towpath.net.IpPrefix;
import java.util.List;

/**
 * Which of a node's interfaces tunnel packets leave by. The lists are gone through in the order given here and each from its
 * start, as flannel does with {@code --iface} and {@code --iface-regex}; the first that an interface with an address of the
 * family answers to is taken, and it is an error if none is. When all are empty, it is the interface that has this node's
 * address, else the one with the address that the tunnel has already, else that of the default route.
 *
 * @param interfaces names, or addresses that an interface has
 * @param regexes {@link java.util.regex.Pattern}s, each found in an interface's address or else in an interface's name
 * @param cidrs prefixes that an interface has an address in; each chooses for its own family only
 */
public record UnderlayChoice(List<String> interfaces, List<String> regexes, List<IpPrefix> cidrs) {
    /** The interface with this node's address, else that of the default route. */
    public static final UnderlayChoice AUTOMATIC = new UnderlayChoice(List.of(), List.of(), List.of());

    public UnderlayChoice {
        interfaces = List.copyOf(interfaces);
        regexes = List.copyOf(regexes);
        cidrs = List.copyOf(cidrs);
    }

    /** The interface with a name. */
    public static UnderlayChoice named(String name) {
        return new UnderlayChoice(List.of(name), List.of(), List.of());
    }

    /** Whether it says anything for a family. */
    public boolean isOf(boolean ipv6) {
        boolean any = !interfaces.isEmpty() || !regexes.isEmpty();
        for (IpPrefix cidr : cidrs) {
            any |= cidr.address().ipv6() == ipv6;
        }
        return any;
    }
}
