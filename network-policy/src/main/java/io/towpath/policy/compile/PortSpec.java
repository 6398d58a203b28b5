package io.towpath.policy.compile;

import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.PortMatch;
import io.towpath.policy.facts.PortMatch.Named;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The ports of a rule: those with numbers, and those whose number the receiving pod says. */
record PortSpec(PortSet numbered, Set<Named> named) {
    static final PortSpec NONE = new PortSpec(PortSet.NONE, Set.of());
    static final PortSpec ALL = new PortSpec(PortSet.ALL, Set.of());

    /** That of a rule, whose ports are none that is not understood; all for a rule without any. */
    static PortSpec of(List<PortMatch> ports) {
        if (ports.isEmpty()) {
            return ALL;
        }
        PortSet numbered = PortSet.NONE;
        Set<Named> named = new HashSet<>();
        for (PortMatch port : ports) {
            switch (port) {
                case PortMatch.Numbered(var protocol, int first, int last) ->
                    numbered = numbered.or(PortSet.of(protocol, first, last));
                case PortMatch.All(var protocol) -> numbered = numbered.or(PortSet.of(protocol));
                case Named name -> named.add(name);
                case PortMatch.Unknown(String why) -> throw new IllegalArgumentException(why);
            }
        }
        return new PortSpec(numbered, Set.copyOf(named));
    }

    PortSpec or(PortSpec other) {
        if (named.isEmpty() && other.named.isEmpty()) {
            return new PortSpec(numbered.or(other.numbered), Set.of());
        }
        Set<Named> both = new HashSet<>(named);
        both.addAll(other.named);
        return new PortSpec(numbered.or(other.numbered), Set.copyOf(both));
    }

    boolean isNone() {
        return numbered.isEmpty() && named.isEmpty();
    }

    /** What it is where the receiver names these ports. */
    PortSet at(List<NamedPort> ports) {
        PortSet set = numbered;
        for (Named name : named) {
            set = set.or(resolve(name, ports));
        }
        return set;
    }

    static PortSet resolve(Named name, List<NamedPort> ports) {
        PortSet set = PortSet.NONE;
        for (NamedPort port : ports) {
            if (port.name().equals(name.name()) && (name.protocol() == null || name.protocol() == port.protocol())) {
                set = set.or(PortSet.of(port.protocol(), port.port(), port.port()));
            }
        }
        return set;
    }
}
