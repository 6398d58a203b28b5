package io.towpath.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A server that tells whoever asks, by TCP or UDP, from which address the question came, and the question put to it. */
public final class WhoAmI {
    private static final int LONGEST = 1500;
    private static final String SECONDS = String.valueOf(4 * Await.SLOWNESS);
    private static final int MILLISECONDS = 3000 * Await.SLOWNESS;

    private WhoAmI() {}

    /** The server on a port, or with more arguments a question by UDP: address, port, port to ask from. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length > 1) {
            System.out.println(question(arguments[0], Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2])));
            return;
        }
        int port = Integer.parseInt(arguments[0]);
        DatagramSocket datagrams = new DatagramSocket(port);
        Thread.ofPlatform().daemon().start(() -> answerDatagrams(datagrams));
        try (ServerSocket server = new ServerSocket(port)) {
            while (true) {
                try (Socket socket = server.accept();
                        OutputStream out = socket.getOutputStream()) {
                    out.write(line(socket.getRemoteSocketAddress()));
                }
            }
        }
    }

    private static void answerDatagrams(DatagramSocket socket) {
        DatagramPacket packet = new DatagramPacket(new byte[LONGEST], LONGEST);
        while (true) {
            try {
                socket.receive(packet);
                byte[] line = line(packet.getSocketAddress());
                socket.send(new DatagramPacket(line, line.length, packet.getSocketAddress()));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    private static byte[] line(SocketAddress peer) {
        InetAddress address = ((InetSocketAddress) peer).getAddress();
        return (address.getHostAddress() + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    private static String question(String address, int port, int from) throws IOException {
        try (DatagramSocket socket = new DatagramSocket(from)) {
            socket.setSoTimeout(MILLISECONDS);
            socket.connect(new InetSocketAddress(address, port));
            socket.send(new DatagramPacket(new byte[] {'\n'}, 1));
            DatagramPacket answer = new DatagramPacket(new byte[LONGEST], LONGEST);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII).strip();
        }
    }

    /** Starts the server inside a namespace, until that is closed; returns when it is reachable there. */
    public static void serve(Namespace at, int port) {
        Process server = at.background(java(String.valueOf(port)));
        Await.until(
                "the server listens on port " + port,
                () -> at.run("ss", "-Hltun", "sport = :" + port).lines().count() == 2 || !server.isAlive());
        if (!server.isAlive()) {
            throw new AssertionError("the server ended with code " + server.exitValue());
        }
    }

    private static Command java(String... arguments) {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return Command.of(
                        java,
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx32m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WhoAmI.class.getName())
                .and(arguments);
    }

    /** The answer to a question from inside a namespace, by {@code tcp} or {@code udp}; fails without one. */
    public static String ask(Namespace from, String protocol, String address, int port) {
        return shortest(tryAsk(from, protocol, address, port).succeeded().out().strip());
    }

    /** Java writes addresses of IPv6 in full, others leave out the longest part of zeros. */
    public static String shortest(String address) {
        return address.replaceFirst("(^|:)0(:0)+(:|$)", "::");
    }

    /** As {@link #ask}, whatever comes of it. */
    public static Command.Outcome tryAsk(Namespace from, String protocol, String address, int port) {
        String script = "exec 3<>\"/dev/$0/$1/$2\" && echo >&3 && head -n 1 <&3";
        return from.inside(
                        Command.of("timeout", SECONDS, "bash", "-c", script, protocol, address, String.valueOf(port)))
                .run();
    }

    /** The answer to a question by UDP from a port of one's own choice. */
    public static String askFrom(Namespace from, int fromPort, String address, int port) {
        return from.inside(java(address, String.valueOf(port), String.valueOf(fromPort)))
                .run()
                .succeeded()
                .out()
                .strip();
    }
}
