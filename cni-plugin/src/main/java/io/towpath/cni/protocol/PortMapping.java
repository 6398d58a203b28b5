package io.towpath.cni.protocol;

import io.towpath.net.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * A port of the node's that leads to the container (CONVENTIONS, capability {@code portMappings}).
 *
 * @param protocol what it is a port of
 * @param hostPort the port of the node, 1 to 65535
 * @param containerPort the port of the container, 1 to 65535
 * @param hostIp the node's address it is a port of; null for all addresses, {@code 0.0.0.0} and {@code ::} for all of one family
 */
public record PortMapping(
        Protocol protocol,
        int hostPort,
        int containerPort,
        @Nullable IpAddress hostIp) {
    /** A protocol with ports. */
    public enum Protocol {
        TCP("tcp", 6),
        UDP("udp", 17),
        SCTP("sctp", 132);

        private final String word;
        private final int number;

        Protocol(String word, int number) {
            this.word = word;
            this.number = number;
        }

        /** The protocol of a name in whatever case, null if there is none. */
        static @Nullable Protocol of(String word) {
            for (Protocol protocol : values()) {
                if (protocol.word.equalsIgnoreCase(word)) {
                    return protocol;
                }
            }
            return null;
        }

        /** The protocol of a number, null if there is none. */
        public static @Nullable Protocol of(int number) {
            for (Protocol protocol : values()) {
                if (protocol.number == number) {
                    return protocol;
                }
            }
            return null;
        }

        /** IPPROTO_*. */
        public int number() {
            return number;
        }

        @Override
        public String toString() {
            return word;
        }
    }
}
