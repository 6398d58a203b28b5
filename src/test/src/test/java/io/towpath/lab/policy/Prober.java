package io.towpath.lab.policy;

import io.towpath.lab.Namespace;
import io.towpath.lab.Parallel;
import io.towpath.lab.Sctp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Asks with real packets who reaches whom, everything at once: a connection of TCP, an echo of UDP, the first two packets of SCTP. An
 * answer is proof; what is silent for a while, when nobody else answers any more either, is denied.
 */
final class Prober implements AutoCloseable {
    /** Since the last answer that came, or the last question if none came. A packet that is dropped is never answered. */
    private static final long SILENCE_NANOS = 120_000_000;

    private static final long SHORT_SILENCE_NANOS = 10_000_000;

    private static final int FIRST_PORT = 20_000;
    private static final int PORTS = 40_000;

    private final Map<String, Station> stations = new ConcurrentHashMap<>();
    private final EchoServers servers = new EchoServers();
    private int round;
    private volatile long lastAnswer;

    /** A place with its servers. */
    private record Station(Namespace at, Sctp sctp, Set<SctpKey> sctpAnswers) {}

    private record SctpKey(InetAddress other, int ownPort, int otherPort) {}

    private record UdpKey(SocketAddress other, int ownPort) {}

    /** Starts the servers of a place, on these addresses. */
    void open(String place, Namespace at, List<String> addresses) {
        servers.open(place, at, addresses);
        Set<SctpKey> answers = ConcurrentHashMap.newKeySet();
        Sctp sctp = Sctp.serve(at, Set.copyOf(World.PORTS), addresses, (from, ports) -> {
            answers.add(new SctpKey(from, ports.own(), ports.others()));
            lastAnswer = System.nanoTime();
        });
        stations.put(place, new Station(at, sctp, answers));
    }

    /** Ends the servers of a place. */
    void close(String place) {
        Station station = stations.remove(place);
        if (station != null) {
            servers.close(place);
            station.sctp.close();
        }
    }

    /** Which of these were answered. */
    Set<Probe> answered(Collection<Probe> probes) {
        return answered(probes, SILENCE_NANOS);
    }

    /** Whether all of these are answered, and quickly: to be asked again and again. */
    boolean allAnswered(Collection<Probe> probes) {
        return answered(probes, SHORT_SILENCE_NANOS).size() == probes.size();
    }

    private Set<Probe> answered(Collection<Probe> probes, long silenceNanos) {
        try (Selector selector = Selector.open()) {
            return new Round(selector).ask(probes, silenceNanos);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All questions of a moment. They all come from one port, which no question came from for long: conntrack knows none of them. */
    private final class Round {
        private final Selector selector;
        private final int ownPort = FIRST_PORT + round++ % PORTS;
        private final Set<Probe> answered = new HashSet<>();
        private final Map<String, Map<SctpKey, Probe>> ofSctp = new ConcurrentHashMap<>();
        private final ConcurrentLinkedQueue<SocketChannel> connections = new ConcurrentLinkedQueue<>();

        Round(Selector selector) {
            this.selector = selector;
        }

        Set<Probe> ask(Collection<Probe> probes, long silenceNanos) throws IOException {
            Map<String, List<Probe>> byPlace = new HashMap<>();
            probes.forEach(probe -> byPlace.computeIfAbsent(probe.from(), _ -> new ArrayList<>())
                    .add(probe));
            Parallel.run(4, List.copyOf(byPlace.entrySet()), each -> send(each.getKey(), each.getValue()));
            lastAnswer = System.nanoTime();
            long left = silenceNanos;
            while (left > 0 && answered.size() < probes.size()) {
                selector.select(this::take, Math.max(1, left / 1_000_000));
                takeSctp();
                left = lastAnswer + silenceNanos - System.nanoTime();
            }
            for (SelectionKey key : selector.keys()) {
                key.channel().close();
            }
            for (SocketChannel connection : connections) {
                connection.close();
            }
            ofSctp.keySet().forEach(place -> station(place).sctpAnswers.clear());
            return answered;
        }

        private Station station(String place) {
            Station station = stations.get(place);
            if (station == null) {
                throw new IllegalArgumentException("no place " + place);
            }
            return station;
        }

        private void send(String place, List<Probe> probes) {
            Station station = station(place);
            Map<SctpKey, Probe> keys = new HashMap<>();
            ofSctp.put(place, keys);
            station.at.call(() -> {
                Map<UdpKey, Probe> ofUdp = new HashMap<>();
                for (Probe probe : probes) {
                    if (probe.protocol() == Protocol.TCP) {
                        connect(probe);
                    } else if (probe.protocol() == Protocol.UDP) {
                        ofUdp.put(new UdpKey(target(probe), ownPort), probe);
                    }
                }
                datagrams(ofUdp);
                for (Probe probe : probes) {
                    if (probe.protocol() == Protocol.SCTP) {
                        InetAddress to = target(probe).getAddress();
                        keys.put(new SctpKey(to, ownPort, probe.port()), probe);
                        station.sctp.ask(to, ownPort, probe.port());
                    }
                }
                return true;
            });
        }

        private void connect(Probe probe) throws IOException {
            SocketChannel channel = SocketChannel.open();
            connections.add(channel);
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.setOption(StandardSocketOptions.SO_LINGER, 0); // a reset ends it, and nothing is left
            channel.bind(new InetSocketAddress(ownPort));
            channel.register(selector, SelectionKey.OP_CONNECT, probe);
            channel.connect(target(probe));
        }

        private void datagrams(Map<UdpKey, Probe> probes) throws IOException {
            DatagramChannel channel = DatagramChannel.open();
            channel.configureBlocking(false);
            channel.bind(new InetSocketAddress(ownPort));
            channel.register(selector, SelectionKey.OP_READ, probes);
            for (UdpKey key : probes.keySet()) {
                channel.send(ByteBuffer.wrap(new byte[1]), key.other);
            }
        }

        private void take(SelectionKey key) {
            try {
                if (key.channel() instanceof SocketChannel channel) {
                    key.cancel();
                    if (channel.finishConnect()) {
                        answer((Probe) key.attachment());
                    }
                } else if (key.channel() instanceof DatagramChannel channel) {
                    ByteBuffer buffer = ByteBuffer.allocate(1);
                    for (SocketAddress from = channel.receive(buffer); from != null; from = channel.receive(buffer)) {
                        Probe probe = ((Map<?, ?>) key.attachment()).get(new UdpKey(from, ownPort)) instanceof Probe it
                                ? it
                                : null;
                        if (probe != null) {
                            answer(probe);
                        }
                        buffer.clear();
                    }
                }
            } catch (IOException e) {
                // Refused or unreachable: not answered.
                key.cancel();
            }
        }

        private void takeSctp() {
            ofSctp.forEach((place, probes) -> probes.forEach((key, probe) -> {
                if (station(place).sctpAnswers.contains(key)) {
                    answered.add(probe);
                }
            }));
        }

        private void answer(Probe probe) {
            answered.add(probe);
            lastAnswer = System.nanoTime();
        }

        private static InetSocketAddress target(Probe probe) {
            return new InetSocketAddress(probe.destination(), probe.port());
        }
    }

    @Override
    public void close() {
        servers.close();
        Parallel.run(Math.max(1, stations.size()), List.copyOf(stations.values()), station -> station.sctp.close());
        stations.clear();
    }
}
