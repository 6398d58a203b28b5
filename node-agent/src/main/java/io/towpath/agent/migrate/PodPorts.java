package io.towpath.agent.migrate;

import io.towpath.netlink.xtables.XRule;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the reference plugins {@code portmap} and {@code bridge} leave of pods that nobody sends them a DEL for: rules of iptables, whose
 * comments name network and container, and the chains that these lead to.
 *
 * @param network the network's name in its conflist
 * @param isLive whether a container still has an address
 */
record PodPorts(String network, Predicate<String> isLive) {
    /** Of a container each: portmap's and bridge's. */
    private static final Pattern OWN_CHAIN = Pattern.compile("CNI-(DN-[0-9a-f]+|[0-9a-f]{24})");

    /** Of all: they go when nobody needs them any more. */
    private static final Set<String> SHARED_CHAINS =
            Set.of("CNI-HOSTPORT-DNAT", "CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK", "CNI-HOSTPORT-SNAT");

    private static final Pattern COMMENT = Pattern.compile("(?:dnat )?name: \"([^\"]*)\" id: \"([^\"]*)\"?");

    /** Nothing is left of anybody. */
    static final PodPorts NONE = new PodPorts("", _ -> true);

    /** The container that a rule is for, null if it is for none of the network. */
    private @Nullable String container(XRule rule) {
        for (String comment : rule.comments()) {
            Matcher matcher = COMMENT.matcher(comment);
            if (matcher.matches() && matcher.group(1).equals(network)) {
                return matcher.group(2);
            }
        }
        return null;
    }

    private boolean isDead(XRule rule) {
        String container = container(rule);
        return container != null && !isLive.test(container);
    }

    /** The chains that are needed no more. */
    Set<String> chains(List<String> chains, List<XRule> rules) {
        Set<String> gone = new HashSet<>();
        if (network.isEmpty()) {
            return gone;
        }
        for (XRule rule : rules) {
            if (isDead(rule) && OWN_CHAIN.matcher(rule.jump()).matches()) {
                gone.add(rule.jump());
            }
        }
        boolean isAny = chains.stream().anyMatch(name -> name.startsWith("CNI-DN-") && !gone.contains(name));
        if (!gone.isEmpty() && !isAny) {
            chains.stream().filter(SHARED_CHAINS::contains).forEach(gone::add);
        }
        return gone;
    }

    /** Whether a rule in somebody else's chain is needed no more. */
    boolean isGone(XRule rule, Set<String> chains) {
        return chains.contains(rule.jump()) || isDead(rule);
    }
}
