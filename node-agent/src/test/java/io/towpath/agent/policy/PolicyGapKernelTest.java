package io.towpath.agent.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.towpath.netlink.NeedsRoot;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Expression.Counter;
import io.towpath.netlink.nft.Table;
import io.towpath.policy.facts.PolicyFact;
import io.towpath.policy.facts.Selector;
import io.towpath.policy.nft.PolicyTable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Connections that begin while somebody has emptied nftables, and nobody looks at them. */
@NeedsRoot
class PolicyGapKernelTest extends PolicyRoundScene {
    private static final int PORT = 80;

    private final PolicyScene.Pod c = scene.pod("c", "10.64.1.4");

    /** An open connection, of which one side sends. */
    private final class Open implements AutoCloseable {
        private final WritableByteChannel client;
        private final ReadableByteChannel server;

        Open(String protocol, PolicyScene.Pod from, PolicyScene.Pod to) throws Exception {
            InetSocketAddress address = new InetSocketAddress(to.address().toString(), PORT);
            if (protocol.equals("udp")) {
                DatagramChannel receiver = in(to, DatagramChannel::open).bind(address);
                receiver.configureBlocking(false);
                server = new Received(receiver);
                client = in(from, DatagramChannel::open).connect(address);
                return;
            }
            try (ServerSocketChannel listener =
                    in(to, ServerSocketChannel::open).bind(address)) {
                SocketChannel socket = in(from, SocketChannel::open);
                socket.connect(address);
                client = socket;
                SocketChannel accepted = listener.accept();
                accepted.configureBlocking(false);
                server = accepted;
            }
        }

        void send() throws IOException {
            assertEquals(1, client.write(ByteBuffer.allocate(1)));
        }

        boolean hasArrived() throws IOException {
            return server.read(ByteBuffer.allocate(9)) > 0;
        }

        void assertGoesOn() throws Exception {
            send();
            scene.await("it arrives", this::hasArrived);
        }

        void assertIsCut() throws Exception {
            long before = dropped();
            send();
            scene.await("it is dropped", () -> dropped() > before);
            assertEquals(false, hasArrived());
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    /** What comes to a socket that is connected to nobody. It answers, as the kernel knows a connection by that. */
    private record Received(DatagramChannel from) implements ReadableByteChannel {
        @Override
        public int read(ByteBuffer into) throws IOException {
            SocketAddress client = from.receive(into);
            if (client == null) {
                return 0;
            }
            from.send(ByteBuffer.allocate(1), client);
            return into.position();
        }

        @Override
        public boolean isOpen() {
            return from.isOpen();
        }

        @Override
        public void close() throws IOException {
            from.close();
        }
    }

    private interface Opening<T> {
        T open() throws IOException;
    }

    private static <T> T in(PolicyScene.Pod pod, Opening<T> opening) throws Exception {
        CompletableFuture<T> opened = new CompletableFuture<>();
        pod.inside().inside(() -> opened.complete(opening.open()));
        return opened.get();
    }

    private long dropped() throws NetlinkException {
        return opened().rules(Table.inet(PolicyTable.NAME)).stream()
                .filter(rule -> rule.toString().contains("drop"))
                .flatMap(rule -> rule.expressions().stream())
                .mapToLong(step -> step instanceof Counter counter ? counter.packets() : 0)
                .sum();
    }

    /** What is left is another's that has the kernel know of connections, as kube-proxy's tables do when they come again. */
    private void flush() {
        scene.node.execute(
                "nft",
                "flush ruleset; add table inet others;"
                        + " add chain inet others forward { type filter hook forward priority 0; };"
                        + " add rule inet others forward ct state established accept");
    }

    private void begin() throws Exception {
        policies = List.of(closed("default", "b"));
        List.of(a, b, c).forEach(this::know);
        tell();
        settle();
    }

    @ParameterizedTest
    @CsvSource({"tcp, false", "udp, false", "tcp, true", "udp, true"})
    void whatBeganInAGapEndsWithIt(String protocol, boolean hasNews) throws Exception {
        begin();
        flush();
        try (Open denied = new Open(protocol, a, b);
                Open allowed = new Open(protocol, b, a)) {
            denied.assertGoesOn();
            allowed.assertGoesOn();
            if (hasNews) {
                PolicyFact aboutAnother = PolicyFact.of(
                        "default", "more", Selector.of(Map.of("app", "c")), List.of("Ingress"), List.of(), List.of());
                policies = List.of(closed("default", "b"), aboutAnother);
                tell();
                run();
                compilations.remove().run();
            }
            round().run(true, true);
            denied.assertIsCut();
            allowed.assertGoesOn();
        }
    }
}
