package io.towpath.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The leases of one network. Calls that change any lock out every other process's, the reference plugin's included. */
public final class HostLocal {
    private static final int MAX_RESOLV_CONF_BYTES = 1 << 20;

    final LeaseDirectory leases;
    private final IndexFiles indexFiles;
    private final Boot boot;

    HostLocal(Disk disk, String dataDir, String network, Boot boot) {
        leases = new LeaseDirectory(disk, dataDir + "/" + network);
        indexFiles = new IndexFiles(disk, dataDir + "/.towpath/" + network);
        this.boot = boot;
    }

    /**
     * The leases of a network.
     *
     * @param dataDir absolute path of the folder that has a folder for each network
     * @param network a valid network name
     */
    public static HostLocal of(String dataDir, String network) {
        return new HostLocal(Disk.REAL, dataDir, network, Boot.CURRENT);
    }

    /**
     * The leases of the network of a configuration; the ranges in it are not looked at.
     *
     * @throws IpamException if {@code ipam} is missing, {@code name} is no network's or {@code dataDir} no absolute path
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
        String name = Json.text(conf, "name", "name");
        // an index's folder begins with a dot
        if (name.isEmpty() || name.charAt(0) == '.' || name.indexOf('/') >= 0) {
            throw Json.invalid("name", "is no name of a network: \"" + name + "\"");
        }
        return of(dataDir.isEmpty() ? IpamConfig.DEFAULT_DATA_DIR : dataDir, name);
    }

    private LeaseIndex open() throws LinuxException {
        return LeaseIndex.open(leases, indexFiles, boot);
    }

    /**
     * Finds out whether a lease can have the names of an attachment in it; needs no disk.
     *
     * @throws IpamException with code 4 if the container's ID is too long
     */
    public static void requireRoom(Attachment attachment) throws IpamException {
        int excess = LeaseDirectory.excess(attachment);
        if (excess > 0) {
            int length = attachment.containerId().length();
            throw new IpamException(
                    IpamException.INVALID_ENVIRONMENT,
                    "invalid CNI_CONTAINERID: " + length + " characters do not fit into a lease, at most "
                            + (length - excess) + " do");
        }
    }

    /**
     * Leases one address of each range set, those requested first.
     *
     * @return the addresses in the order of the sets
     * @throws IpamException if a set has none, a requested address cannot be had, or the container's ID is too long; then nothing was
     *     leased
     */
    public List<AllocatedIp> allocate(IpamConfig config, Attachment attachment) throws IpamException, LinuxException {
        requireRoom(attachment);
        try (LeaseIndex index = open()) {
            return new Allocation(leases, index, attachment).allocate(config);
        }
    }

    /** Gives back all that an attachment has; that it has nothing is no error. */
    public void release(Attachment attachment) throws LinuxException {
        if (!leases.isFolder()) {
            return;
        }
        try (LeaseIndex index = open()) {
            List<LeaseFile> held = index.held(attachment);
            if (held.isEmpty()) {
                return;
            }
            // leases in the old format are given back only if the attachment has no other
            Attachment owner = held.getFirst().attachment();
            for (LeaseFile file : held) {
                if (file.attachment().equals(owner)) {
                    leases.remove(file.address());
                }
            }
            index.put(owner, List.of());
            index.mark();
        }
    }

    /**
     * Compares what an attachment has with what it should have.
     *
     * @throws IpamException if it has no address, or not one of those expected
     */
    public void check(Attachment attachment, List<IpAddress> expected) throws IpamException, LinuxException {
        Set<IpAddress> held = new HashSet<>();
        if (leases.status() != null) {
            try (LeaseIndex index = open()) {
                for (LeaseFile file : index.held(attachment)) {
                    held.add(file.address());
                }
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
     * container's attachments is valid. One that cannot be removed does not keep the others.
     *
     * @return the leases given back
     * @throws LinuxException the first failure, with further ones suppressed
     */
    public List<Lease> gc(Set<Attachment> valid) throws LinuxException {
        List<Lease> released = new ArrayList<>();
        if (leases.status() == null) {
            return released;
        }
        Set<Attachment> keep = new HashSet<>(valid);
        for (Attachment attachment : valid) {
            keep.add(new Attachment(attachment.containerId(), ""));
        }
        LinuxException failure = null;
        try (LeaseIndex index = open()) {
            for (LeaseFile file : leases.files()) {
                if (file.isLease() && !keep.contains(file.attachment())) {
                    try {
                        leases.remove(file.address());
                        released.add(file.lease());
                    } catch (LinuxException e) {
                        failure = joined(failure, e);
                    }
                } else if (file.state() == LeaseFile.State.UNREADABLE) {
                    failure = joined(failure, leases.unreadable(file));
                }
            }
            if (failure == null && !released.isEmpty()) {
                for (Lease lease : released) {
                    index.put(lease.attachment(), List.of());
                }
                index.mark();
            }
        }
        if (failure != null) {
            throw failure;
        }
        return released;
    }

    private static LinuxException joined(@Nullable LinuxException first, LinuxException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }

    /**
     * Whether each range set has an address left. Takes no lock while that is so.
     *
     * @throws IpamException code 50 if one has none
     */
    public void status(IpamConfig config) throws IpamException, LinuxException {
        if (exhausted(config) == null) {
            return;
        }
        if (leases.status() != null) {
            open().close(); // to open it drops what is torn or of an earlier boot
        }
        RangeSet exhausted = exhausted(config);
        if (exhausted != null) {
            throw new IpamException(
                    IpamException.NOT_AVAILABLE, "no IP addresses available in range set: " + exhausted);
        }
    }

    private @Nullable RangeSet exhausted(IpamConfig config) throws LinuxException {
        for (int i = 0; i < config.rangeSets().size(); i++) {
            RangeSet set = config.rangeSets().get(i);
            if (new FreeAddresses(leases, set, i).next() == null) {
                return set;
            }
        }
        return null;
    }

    /** How full each range set is. Nothing is locked or changed. */
    public List<RangeFill> fill(IpamConfig config) throws LinuxException {
        List<IpAddress> taken = leases.addresses();
        List<RangeFill> fill = new ArrayList<>();
        for (RangeSet set : config.rangeSets()) {
            long count = 0;
            for (IpAddress address : taken) {
                count += set.canGive(address) ? 1 : 0;
            }
            fill.add(new RangeFill(set, set.capacity(), count));
        }
        return fill;
    }

    /** All leases, by address. Nothing is locked or changed. */
    public List<Lease> list() throws LinuxException {
        List<Lease> all = new ArrayList<>();
        for (LeaseFile file : leases.files()) {
            if (file.isLease()) {
                all.add(file.lease());
            }
        }
        return all;
    }

    /** What stands under every address, leases or not, by address. Nothing is locked or changed. */
    public List<LeaseFile> files() throws LinuxException {
        return leases.files();
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
}
