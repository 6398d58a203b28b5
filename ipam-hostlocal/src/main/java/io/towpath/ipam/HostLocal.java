package io.towpath.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.FileLock;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The leases of one network. Every call locks out every other process's, the reference host-local plugin's included. */
@SuppressWarnings("try") // a lock is held, not used
public final class HostLocal {
    /** So many taken addresses in a row are looked at one by one; then it is cheaper to list them all. */
    private static final int PROBES = 32;

    private static final int MAX_RESOLV_CONF_BYTES = 1 << 20;

    private final LeaseDirectory leases;
    private final LeaseIndex index;

    HostLocal(String dataDir, String network, Boot boot) {
        leases = new LeaseDirectory(dataDir + "/" + network);
        index = new LeaseIndex(leases, dataDir + "/.towpath/" + network, boot);
    }

    /**
     * The leases of a network.
     *
     * @param dataDir absolute path of the folder that has a folder for each network
     * @param network a valid network name
     */
    public static HostLocal of(String dataDir, String network) {
        return new HostLocal(dataDir, network, Boot.current());
    }

    /**
     * The leases of the network of a configuration; the ranges in it are not looked at.
     *
     * @throws IpamException if {@code ipam} is missing or its {@code dataDir} is no absolute path
     */
    public static HostLocal of(JsonNode conf) throws IpamException {
        JsonNode ipam = Json.object(conf, "ipam", "ipam");
        if (!ipam.isObject()) {
            throw new IpamException(IpamException.INVALID_CONFIG, "IPAM config missing 'ipam' key");
        }
        String dataDir = Json.text(ipam, "dataDir", "ipam.dataDir");
        if (!dataDir.isEmpty() && !dataDir.startsWith("/")) {
            throw Json.invalid("ipam.dataDir", "must be an absolute path, not \"" + dataDir + "\"");
        }
        return of(dataDir.isEmpty() ? IpamConfig.DEFAULT_DATA_DIR : dataDir, Json.text(conf, "name", "name"));
    }

    /**
     * Leases one address of each range set, those requested first.
     *
     * @throws IpamException if a set has none, or a requested address cannot be had; then nothing was leased
     */
    public List<AllocatedIp> allocate(IpamConfig config, Attachment attachment) throws IpamException, LinuxException {
        List<IpAddress> requested = new ArrayList<>(config.requested());
        List<AllocatedIp> allocated = new ArrayList<>();
        try (FileLock lock = leases.lock()) {
            index.refresh();
            List<IpAddress> own = index.get(attachment);
            List<IpAddress> held = index.get(owner(attachment));
            try {
                for (int i = 0; i < config.rangeSets().size(); i++) {
                    RangeSet set = config.rangeSets().get(i);
                    AllocatedIp ip = allocate(set, i, takeRequested(requested, set), attachment, held);
                    allocated.add(ip);
                    leases.setLastReserved(i, ip.address().address());
                }
                if (!requested.isEmpty()) {
                    throw new IpamException(
                            IpamException.INTERNAL, "failed to allocate all requested IPs:" + joined(requested));
                }
                index.put(attachment, addresses(allocated, own));
            } catch (IpamException | LinuxException e) {
                undo(allocated, attachment, own, e);
                throw e;
            }
            index.mark();
        }
        return allocated;
    }

    private AllocatedIp allocate(
            RangeSet set, int number, @Nullable IpAddress requested, Attachment attachment, List<IpAddress> held)
            throws IpamException, LinuxException {
        try {
            requireNone(held, set, attachment);
            return requested != null
                    ? allocateRequested(set, requested, attachment)
                    : allocateNext(set, number, attachment);
        } catch (IpamException e) {
            throw new IpamException(e.code(), "failed to allocate for range " + number + ": " + e.message());
        }
    }

    /** Also where an address is requested, for which the reference plugin would give a second one. */
    private static void requireNone(List<IpAddress> held, RangeSet set, Attachment attachment) throws IpamException {
        for (IpAddress address : held) {
            if (set.contains(address)) {
                throw new IpamException(
                        IpamException.INTERNAL,
                        address + " has been allocated to " + attachment.containerId()
                                + ", duplicate allocation is not allowed");
            }
        }
    }

    private AllocatedIp allocateRequested(RangeSet set, IpAddress address, Attachment attachment)
            throws IpamException, LinuxException {
        Range range = set.rangeOf(address);
        if (range == null) {
            throw new IpamException(IpamException.INTERNAL, address + " not in range set " + set);
        }
        if (address.equals(range.gateway())) {
            throw new IpamException(IpamException.INTERNAL, "requested ip " + address + " is subnet's gateway");
        }
        if (!leases.publish(address, attachment)) {
            throw new IpamException(
                    IpamException.INTERNAL,
                    "requested IP address " + address + " is not available in range set " + set);
        }
        return allocated(address, range);
    }

    private AllocatedIp allocateNext(RangeSet set, int number, Attachment attachment)
            throws IpamException, LinuxException {
        RangeCursor cursor = new RangeCursor(set, leases.lastReserved(number));
        Set<IpAddress> taken = null;
        int probes = 0;
        for (IpAddress address = cursor.next(); address != null; address = cursor.next()) {
            if (probes++ == PROBES) {
                taken = new HashSet<>(leases.addresses());
            }
            boolean free = taken == null ? !leases.isLeased(address) : !taken.contains(address);
            if (free && leases.publish(address, attachment)) {
                return allocated(address, cursor.range());
            }
        }
        throw new IpamException(IpamException.INTERNAL, "no IP addresses available in range set: " + set);
    }

    private static AllocatedIp allocated(IpAddress address, Range range) {
        return new AllocatedIp(new IpPrefix(address, range.subnet().length()), range.gateway());
    }

    private static @Nullable IpAddress takeRequested(List<IpAddress> requested, RangeSet set) {
        for (IpAddress address : requested) {
            if (set.contains(address)) {
                requested.remove(address);
                return address;
            }
        }
        return null;
    }

    /** What cannot be undone is left to the next call, which finds the directory changed and looks at all of it. */
    private void undo(List<AllocatedIp> allocated, Attachment attachment, List<IpAddress> own, Exception cause) {
        try {
            for (AllocatedIp ip : allocated) {
                leases.remove(ip.address().address());
            }
            index.put(attachment, own);
            index.mark();
        } catch (LinuxException e) {
            cause.addSuppressed(e);
        }
    }

    private static List<IpAddress> addresses(List<AllocatedIp> allocated, List<IpAddress> own) {
        List<IpAddress> addresses = new ArrayList<>(own);
        for (AllocatedIp ip : allocated) {
            addresses.add(ip.address().address());
        }
        return addresses;
    }

    /** Whose the leases of an attachment are: its own or, if it has none, its container's in the old format. */
    private Attachment owner(Attachment attachment) throws LinuxException {
        return index.get(attachment).isEmpty() ? new Attachment(attachment.containerId(), "") : attachment;
    }

    /** Gives back all that an attachment has; that it has nothing is no error. */
    public void release(Attachment attachment) throws LinuxException {
        if (!leases.exists()) {
            return;
        }
        try (FileLock lock = leases.lock()) {
            index.refresh();
            Attachment owner = owner(attachment);
            release(owner, index.get(owner));
        }
    }

    private void release(Attachment owner, List<IpAddress> addresses) throws LinuxException {
        if (addresses.isEmpty()) {
            return;
        }
        for (IpAddress address : addresses) {
            leases.remove(address);
        }
        index.put(owner, List.of());
        index.mark();
    }

    /**
     * Compares what an attachment has with what it should have.
     *
     * @throws IpamException if it has no address, or not one of those expected
     */
    public void check(Attachment attachment, List<IpAddress> expected) throws IpamException, LinuxException {
        List<IpAddress> held = List.of();
        if (leases.exists()) {
            try (FileLock lock = leases.lock()) {
                index.refresh();
                held = index.get(owner(attachment));
            }
        }
        if (held.isEmpty()) {
            throw new IpamException(
                    IpamException.INTERNAL,
                    "host-local: Failed to find address added by container " + attachment.containerId());
        }
        for (IpAddress address : expected) {
            if (!held.contains(address)) {
                throw new IpamException(
                        IpamException.INTERNAL,
                        "host-local: " + address + " is not leased to container " + attachment.containerId());
            }
        }
    }

    /**
     * Gives back what none of the valid attachments has. A lease in the old format is kept for as long as one of its
     * container's attachments is valid.
     *
     * @return the leases given back
     */
    public List<Lease> gc(Set<Attachment> valid) throws LinuxException {
        List<Lease> released = new ArrayList<>();
        if (!leases.exists()) {
            return released;
        }
        Set<String> containers = new HashSet<>();
        for (Attachment attachment : valid) {
            containers.add(attachment.containerId());
        }
        try (FileLock lock = leases.lock()) {
            index.refresh();
            for (Lease lease : readAll()) {
                Attachment owner = lease.attachment();
                boolean keep = owner.interfaceName().isEmpty()
                        ? containers.contains(owner.containerId())
                        : valid.contains(owner);
                if (!keep) {
                    leases.remove(lease.address());
                    index.put(owner, List.of());
                    released.add(lease);
                }
            }
            index.mark();
        }
        return released;
    }

    /**
     * Whether each range set has an address left.
     *
     * @throws IpamException code 50 if one has none
     */
    public void status(IpamConfig config) throws IpamException, LinuxException {
        if (isExhausted(config) == null || !leases.exists()) {
            return;
        }
        try (FileLock lock = leases.lock()) {
            index.refresh();
        }
        RangeSet exhausted = isExhausted(config);
        if (exhausted != null) {
            throw new IpamException(
                    IpamException.NOT_AVAILABLE, "no IP addresses available in range set: " + exhausted);
        }
    }

    private @Nullable RangeSet isExhausted(IpamConfig config) throws LinuxException {
        List<IpAddress> leased = leases.addresses();
        for (RangeSet set : config.rangeSets()) {
            long capacity = set.capacity();
            long used = leased.size() < capacity
                    ? 0
                    : leased.stream().filter(set::contains).count();
            if (used >= capacity) {
                return set;
            }
        }
        return null;
    }

    /** All leases, by address. Nothing is locked or changed. */
    public List<Lease> list() throws LinuxException {
        return readAll();
    }

    private List<Lease> readAll() throws LinuxException {
        List<Lease> all = new ArrayList<>();
        for (IpAddress address : leases.addresses().stream().sorted().toList()) {
            Lease lease = leases.read(address);
            if (lease != null) {
                all.add(lease);
            }
        }
        return all;
    }

    /**
     * What the configuration's {@code resolvConf} says.
     *
     * @throws IpamException if the file is missing
     */
    public static IpamDns dns(IpamConfig config) throws IpamException, LinuxException {
        if (config.resolvConf().isEmpty()) {
            return IpamDns.EMPTY;
        }
        byte[] content = Linux.readFile(config.resolvConf(), MAX_RESOLV_CONF_BYTES);
        if (content == null) {
            throw Json.invalid("ipam.resolvConf", "names a file that is not there: " + config.resolvConf());
        }
        return ResolvConf.parse(new String(content, StandardCharsets.UTF_8));
    }

    private static String joined(List<IpAddress> addresses) {
        StringBuilder text = new StringBuilder();
        for (IpAddress address : addresses) {
            text.append(' ').append(address);
        }
        return text.toString();
    }
}
