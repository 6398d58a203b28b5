package io.towpath.lab.policy;

/**
 * The question whether one place reaches a port of another.
 *
 * @param from a place of the {@link World}
 * @param to another
 * @param source the address from which the other sees it come
 * @param destination the address that is asked
 */
record Probe(String from, String to, String source, String destination, int port, Protocol protocol) {
    @Override
    public String toString() {
        return from + " -> " + to + " (" + destination + ") " + port + "/" + protocol;
    }
}
