package io.towpath.lab.agent;

import io.towpath.lab.Await;
import io.towpath.lab.Flood;
import io.towpath.lab.Namespace;
import java.util.function.LongSupplier;

/** What is open while policies change, by TCP or UDP: whether it goes on or is cut. */
record Open(LongSupplier received, LongSupplier lastReceived, AutoCloseable it) implements AutoCloseable {
    /** More than what is carried ever pauses, and more than what brings it back to life takes. */
    private static final long SILENCE_NANOS = 1_000_000_000L * Await.SLOWNESS;

    /** Opens one that carries bytes one way, to an address that leads to {@code to}, at the port of {@link #port}. */
    static Open oneWay(String protocol, Namespace from, Namespace to, String address) {
        return protocol.equals("tcp") ? of(Stream.start(from, to, address)) : of(Flood.start(from, to, address, false));
    }

    /** As {@link #oneWay}, and both send. */
    static Open bothWays(String protocol, Namespace from, Namespace to, String address) {
        return protocol.equals("tcp") ? of(Stream.bothWays(from, to, address)) : of(Flood.bothWays(from, to, address));
    }

    /** At which it is asked for. */
    static int port(String protocol) {
        return protocol.equals("tcp") ? Stream.PORT : Flood.PORT;
    }

    private static Open of(Stream stream) {
        return new Open(stream::received, stream::lastReceived, stream);
    }

    private static Open of(Flood flood) {
        return new Open(flood::received, flood::lastReceived, flood);
    }

    void assertGoesOn() {
        long wanted = received.getAsLong() + 100;
        Await.until("more arrives", () -> received.getAsLong() > wanted);
    }

    void assertIsCut() {
        Await.until("nothing more arrives", () -> System.nanoTime() - lastReceived.getAsLong() > SILENCE_NANOS);
    }

    @Override
    public void close() {
        try {
            it.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
