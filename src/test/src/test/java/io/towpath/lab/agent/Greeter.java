package io.towpath.lab.agent;

import io.towpath.lab.Await;
import io.towpath.lab.Namespace;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A server of TCP and UDP inside a namespace that tells its name to whoever asks, and the question. No processes: the sockets are this one's. */
final class Greeter implements AutoCloseable {
    private static final int LONGEST = 100;

    private final byte[] name;
    private final List<Closeable> sockets = new ArrayList<>();

    private Greeter(String name, List<String> addresses, int port) throws IOException {
        this.name = name.getBytes(StandardCharsets.US_ASCII);
        for (String address : addresses) {
            ServerSocket connections = new ServerSocket();
            sockets.add(connections);
            connections.bind(new InetSocketAddress(address, port));
            // A datagram is answered from the address that it was for.
            DatagramSocket datagrams = new DatagramSocket(new InetSocketAddress(address, port));
            sockets.add(datagrams);
            Thread.ofPlatform().daemon().start(() -> greet(connections));
            Thread.ofPlatform().daemon().start(() -> greet(datagrams));
        }
    }

    /** Starts it on these addresses; it answers at once. */
    static Greeter open(Namespace at, String name, List<String> addresses, int port) {
        return at.call(() -> new Greeter(name, addresses, port));
    }

    private void greet(ServerSocket connections) {
        while (!connections.isClosed()) {
            try (Socket socket = connections.accept();
                    OutputStream out = socket.getOutputStream()) {
                out.write(name);
            } catch (IOException _) {
                // The other end has gone, or this is the end.
            }
        }
    }

    private void greet(DatagramSocket datagrams) {
        DatagramPacket packet = new DatagramPacket(new byte[LONGEST], LONGEST);
        while (!datagrams.isClosed()) {
            try {
                datagrams.receive(packet);
                datagrams.send(new DatagramPacket(name, name.length, packet.getSocketAddress()));
            } catch (IOException _) {
                // The other end has gone, or this is the end.
            }
        }
    }

    /**
     * Who answers a question.
     *
     * @param protocol {@code tcp} or {@code udp}
     * @return empty if nobody does within so many milliseconds, or somebody refuses
     */
    static String ask(Namespace from, String protocol, String address, int port, int milliseconds) {
        int patience = milliseconds * Await.SLOWNESS;
        InetSocketAddress to = new InetSocketAddress(address, port);
        return from.call(() -> protocol.equals("tcp") ? askByTcp(to, patience) : askByUdp(to, patience));
    }

    private static String askByTcp(InetSocketAddress to, int milliseconds) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(milliseconds);
            socket.connect(to, milliseconds);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        } catch (SocketTimeoutException | SocketException _) {
            return "";
        }
    }

    private static String askByUdp(InetSocketAddress to, int milliseconds) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(milliseconds);
            socket.connect(to);
            socket.send(new DatagramPacket(new byte[1], 1));
            DatagramPacket answer = new DatagramPacket(new byte[LONGEST], LONGEST);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII);
        } catch (SocketTimeoutException | SocketException _) {
            return "";
        }
    }

    @Override
    public void close() {
        for (Closeable socket : sockets) {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
