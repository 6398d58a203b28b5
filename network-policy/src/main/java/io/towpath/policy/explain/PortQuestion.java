package io.towpath.policy.explain;

import io.towpath.policy.facts.NamedPort;
import io.towpath.policy.facts.PodFact;
import io.towpath.policy.facts.Protocol;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The destination that somebody asks about.
 *
 * @param protocol null for ICMP, and for a name whatever its protocol
 * @param number 0 to 65,535; 0 for ICMP and for a name
 * @param name of a port of the receiver's, null for none
 */
public record PortQuestion(
        @Nullable Protocol protocol, int number, @Nullable String name) {
    private static final int LAST_PORT = 0xffff;
    private static final int LONGEST_NAME = 15;
    private static final List<String> ICMP = List.of("icmp", "icmpv6", "ipv6-icmp");

    /** A port by its number. */
    public static PortQuestion of(Protocol protocol, int number) {
        return new PortQuestion(protocol, number, null);
    }

    /**
     * Reads {@code 80}, {@code 53/udp}, {@code http}, {@code dns/udp}, {@code icmp}.
     *
     * @throws IllegalArgumentException saying in one line what is wrong, and what to ask for
     */
    public static PortQuestion parse(String text) {
        String asked = text.toLowerCase(Locale.ROOT);
        if (ICMP.contains(asked)) {
            return new PortQuestion(null, 0, null);
        }
        if (protocolOrNull(asked) != null) {
            throw new IllegalArgumentException(asked + " needs a port: 80/" + asked + ", or a port's name");
        }
        int slash = asked.indexOf('/');
        String port = slash < 0 ? asked : asked.substring(0, slash);
        String after = slash < 0 ? "" : asked.substring(slash + 1);
        if (ICMP.contains(after)) {
            throw new IllegalArgumentException("ICMP has no ports: ask for icmp, not for " + text);
        }
        Protocol protocol = slash < 0 ? null : protocol(after);
        if (port.chars().anyMatch(c -> c >= 'a' && c <= 'z')) {
            if (port.length() > LONGEST_NAME || !port.chars().allMatch(PortQuestion::isOfNames)) {
                throw noPort(port);
            }
            return new PortQuestion(protocol, 0, port);
        }
        return of(protocol == null ? Protocol.TCP : protocol, number(port));
    }

    private static boolean isOfNames(int c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }

    private static @Nullable Protocol protocolOrNull(String name) {
        for (Protocol each : Protocol.values()) {
            if (word(each).equals(name)) {
                return each;
            }
        }
        return null;
    }

    private static Protocol protocol(String name) {
        Protocol protocol = protocolOrNull(name);
        if (protocol == null) {
            throw new IllegalArgumentException("protocol \"" + name + "\" is none of tcp, udp, sctp, icmp");
        }
        return protocol;
    }

    private static int number(String text) {
        boolean isNumber = !text.isEmpty() && text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        int number = isNumber ? Integer.parseInt(text) : -1;
        if (number < 0 || number > LAST_PORT) {
            throw noPort(text);
        }
        return number;
    }

    private static IllegalArgumentException noPort(String text) {
        return new IllegalArgumentException(
                "\"" + text + "\" is no port from 0 to " + LAST_PORT + ", and no name of a port");
    }

    /**
     * The port by its number.
     *
     * @param to who receives
     * @param receiver the same, null if it is no pod
     * @throws IllegalArgumentException if the receiver has no such name, or more than one port of it
     */
    PortQuestion numbered(String to, @Nullable PodFact receiver) {
        if (name == null) {
            return this;
        }
        if (receiver == null) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is a name, and " + to + " is no pod that names its ports: ask for a number");
        }
        List<NamedPort> named = receiver.ports().stream()
                .filter(port -> port.name().equals(name) && (protocol == null || port.protocol() == protocol))
                .distinct()
                .toList();
        if (named.size() != 1) {
            List<NamedPort> choice = named.isEmpty() ? receiver.ports() : named;
            String has = choice.isEmpty() ? "it names none" : "it names " + text(choice);
            throw new IllegalArgumentException(
                    (named.isEmpty() ? to + " has no port " : to + " has several ports ") + this + ": " + has);
        }
        return new PortQuestion(named.getFirst().protocol(), named.getFirst().port(), name);
    }

    private static String text(List<NamedPort> ports) {
        return ports.stream()
                .map(port -> port.name() + " (" + port.port() + "/" + word(port.protocol()) + ")")
                .collect(Collectors.joining(", "));
    }

    private static String word(Protocol protocol) {
        return protocol.name().toLowerCase(Locale.ROOT);
    }

    /** {@code tcp}, {@code udp}, {@code sctp} or {@code icmp}; of a name only when it has a number. */
    public String protocolWord() {
        return protocol == null ? "icmp" : word(protocol);
    }

    @Override
    public String toString() {
        if (name != null) {
            return number == 0
                    ? name + (protocol == null ? "" : "/" + word(protocol))
                    : "port " + name + " (" + number + "/" + protocol + ")";
        }
        return protocol == null ? "ICMP" : "port " + number + "/" + protocol;
    }
}
