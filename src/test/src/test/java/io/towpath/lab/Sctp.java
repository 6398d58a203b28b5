package io.towpath.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A server in a namespace that tells whoever asks by SCTP from which address the question came, and that asks others itself. Question
 * and answer are the first two packets of an association.
 */
public final class Sctp implements AutoCloseable {
    private static final int CLIENT_PORT = 40_000;
    private static final long MILLISECONDS = 3000L * Await.SLOWNESS;

    private final Set<Integer> ports;
    private final BiConsumer<InetAddress, Ports> answers;
    private final List<Libc.RawSocket> sockets = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Libc.RawSocket ipv4;
    private final Libc.RawSocket ipv6;
    private volatile boolean closed;

    /** The ports of an association, as who asks sees them. */
    public record Ports(int own, int others) {}

    private Sctp(Namespace at, Set<Integer> ports, List<String> addresses, BiConsumer<InetAddress, Ports> answers) {
        this.ports = Set.copyOf(ports);
        this.answers = answers;
        ipv4 = start(at, at.call(() -> open(false)), addresses.isEmpty());
        ipv6 = start(at, at.call(() -> open(true)), addresses.isEmpty());
        for (String address : addresses) {
            start(at, at.call(() -> open(InetAddress.getByName(address))), true);
        }
    }

    private static Libc.RawSocket open(boolean v6) throws IOException {
        return Libc.RawSocket.open(v6, SctpPacket.PROTOCOL);
    }

    private static Libc.RawSocket open(InetAddress own) throws IOException {
        Libc.RawSocket socket = open(own.getAddress().length > 4);
        socket.bind(own);
        return socket;
    }

    private Libc.RawSocket start(Namespace at, Libc.RawSocket socket, boolean serves) {
        sockets.add(socket);
        threads.add(Thread.ofPlatform().daemon().name("sctp in " + at).start(() -> receive(socket, serves)));
        return socket;
    }

    /** Starts the server inside a namespace, until it is closed; it is reachable at once. */
    public static Sctp serve(Namespace at, int port) {
        return serve(at, Set.of(port), List.of(), (_, _) -> {});
    }

    /**
     * As above, on several ports.
     *
     * @param addresses which are served, each answering for itself; any if none is named
     * @param answers is told by a thread of its own who answered a question of {@link #ask(InetAddress, int, int)}
     */
    public static Sctp serve(
            Namespace at, Set<Integer> ports, List<String> addresses, BiConsumer<InetAddress, Ports> answers) {
        return new Sctp(at, ports, addresses, answers);
    }

    /** Asks and does not wait. */
    public void ask(InetAddress to, int ownPort, int port) {
        try {
            (to.getAddress().length > 4 ? ipv6 : ipv4).send(to, SctpPacket.init(ownPort, port));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void receive(Libc.RawSocket socket, boolean serves) {
        try {
            while (!closed) {
                SctpPacket packet = SctpPacket.receive(socket);
                if (packet == null) {
                    continue;
                }
                if (packet.type() == SctpPacket.INIT_ACK) {
                    answers.accept(packet.from(), new Ports(packet.destinationPort(), packet.sourcePort()));
                } else if (serves && packet.type() == SctpPacket.INIT && ports.contains(packet.destinationPort())) {
                    socket.send(packet.from(), packet.answer(packet.from().getHostAddress()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The answer to a question from inside a namespace; null if there is none. */
    public static @Nullable String ask(Namespace from, String address, int port) {
        return from.call(() -> {
            InetAddress to = InetAddress.getByName(address);
            try (Libc.RawSocket socket = open(to.getAddress().length > 4)) {
                socket.send(to, SctpPacket.init(CLIENT_PORT, port));
                long end = System.nanoTime() + MILLISECONDS * 1_000_000;
                while (System.nanoTime() < end) {
                    SctpPacket answer = SctpPacket.receive(socket);
                    boolean isIts = answer != null
                            && answer.type() == SctpPacket.INIT_ACK
                            && answer.destinationPort() == CLIENT_PORT
                            && answer.sourcePort() == port
                            && answer.from().equals(to);
                    if (answer != null && isIts) {
                        return answer.cookie();
                    }
                }
                return null;
            }
        });
    }

    @Override
    public void close() {
        closed = true;
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        sockets.forEach(Libc.RawSocket::close);
    }
}
