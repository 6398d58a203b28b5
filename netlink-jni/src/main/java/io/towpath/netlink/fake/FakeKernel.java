package io.towpath.netlink.fake;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Network namespaces in memory, with a list of all requests and with faults to order. For use by one thread. */
public final class FakeKernel {
    private static final int FIRST_FD = 100;

    private final Map<String, FakeNamespace> namespaces = new LinkedHashMap<>();
    private final List<FakeRequest> requests = new ArrayList<>();
    private final List<Fault> faults = new ArrayList<>();
    private final List<String> ignored = new ArrayList<>();
    private int interruptions;
    private int truncations;
    private long lastMac;

    private record Fault(int number, String text, int errno) {
        private boolean hits(int requestNumber, String requestText) {
            return number >= 0 ? number == requestNumber : requestText.contains(text);
        }
    }

    /** The namespace of a name; it comes into being when it is first asked for. */
    public FakeNamespace namespace(String name) {
        return namespaces.computeIfAbsent(name, n -> new FakeNamespace(this, n, FIRST_FD + namespaces.size()));
    }

    /** Removes a namespace and with it all links in it and their other ends; whoever asks for the name gets a new one. */
    public void deleteNamespace(String name) {
        FakeNamespace gone = namespaces.remove(name);
        if (gone != null) {
            gone.links().deleteAll();
        }
    }

    @Nullable
    FakeNamespace byFd(int fd) {
        return namespaces.values().stream()
                .filter(namespace -> namespace.fd() == fd)
                .findFirst()
                .orElse(null);
    }

    /** All requests so far, in order, also those that failed. */
    public List<FakeRequest> requests() {
        return List.copyOf(requests);
    }

    /** The texts of the requests so far that ask for a change, in order, also of those that failed. */
    public List<String> writes() {
        return requests.stream()
                .filter(FakeRequest::isWrite)
                .map(FakeRequest::text)
                .toList();
    }

    /** Forgets the requests so far, and counts anew. */
    public void forgetRequests() {
        requests.clear();
    }

    /** Lets a request fail, though nothing is wrong with it: number 0 is the first after {@link #forgetRequests}. */
    public void failRequest(int number, int errno) {
        faults.add(new Fault(number, "", errno));
    }

    /** Lets all requests fail whose text has a part. */
    public void failRequests(String part, int errno) {
        faults.add(new Fault(-1, part, errno));
    }

    /** Acknowledges all changes whose text has a part, and does nothing, as the real kernel does some. */
    public void ignoreRequests(String part) {
        ignored.add(part);
    }

    /** Ends all faults. */
    public void heal() {
        faults.clear();
        ignored.clear();
        interruptions = 0;
        truncations = 0;
    }

    /** Says of the next dumps that what they list changed meanwhile. */
    public void interruptDumps(int count) {
        interruptions = count;
    }

    /** Makes the next datagrams that bring objects larger than any receiver has expected. */
    public void truncateAnswers(int count) {
        truncations = count;
    }

    boolean takeInterruption() {
        return interruptions > 0 && interruptions-- > 0;
    }

    boolean takeTruncation() {
        return truncations > 0 && truncations-- > 0;
    }

    List<byte[]> perform(FakeNamespace namespace, int type, FakeOperation operation) throws FakeRefusal {
        int number = requests.size();
        requests.add(new FakeRequest(namespace.name(), type, operation.isWrite(), operation.text()));
        for (Fault fault : faults) {
            if (fault.hits(number, operation.text())) {
                throw new FakeRefusal(fault.errno(), "injected");
            }
        }
        if (operation.isWrite() && ignored.stream().anyMatch(operation.text()::contains)) {
            return List.of();
        }
        return operation.action().run();
    }

    /** A hardware address for a link that is to have a random one. */
    long nextMac() {
        return 0x0200_0000_0000L | ++lastMac;
    }
}
