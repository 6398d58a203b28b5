package io.towpath.agent.http;

import io.towpath.net.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where others can ask.
 *
 * @param local the port for metrics and probes
 * @param metrics the port for metrics alone, which others than the node reach; null for none
 * @param socket the unix socket for the operator's commands
 */
public record Serving(Port local, @Nullable Port metrics, Path socket) {
    /**
     * A port of TCP.
     *
     * @param ip one of the node's addresses
     * @param number 0 for any that is free
     */
    public record Port(IpAddress ip, int number) {
        /**
         * Listens there.
         *
         * @throws IOException if it is another's, the address is not the node's, or the node has nothing of its family
         */
        ServerSocketChannel bind() throws IOException {
            ServerSocketChannel channel = open();
            try {
                return channel.bind(new InetSocketAddress(InetAddress.getByAddress(ip.bytes()), number));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        }

        private ServerSocketChannel open() throws IOException {
            try {
                return ServerSocketChannel.open(ip.ipv6() ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET);
            } catch (UnsupportedOperationException e) {
                throw new IOException("this node has no " + (ip.ipv6() ? "IPv6" : "IPv4"), e);
            }
        }

        @Override
        public String toString() {
            return ip + " port " + number;
        }
    }
}
