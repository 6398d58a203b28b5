package io.towpath.ipam;

import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One attachment's addresses being leased, under the lock: all of them or none. */
final class Allocation {
    private final LeaseDirectory leases;
    private final LeaseIndex index;
    private final Attachment attachment;
    private final List<IpAddress> published = new ArrayList<>();

    Allocation(LeaseDirectory leases, LeaseIndex index, Attachment attachment) {
        this.leases = leases;
        this.index = index;
        this.attachment = attachment;
    }

    List<AllocatedIp> allocate(IpamConfig config) throws IpamException, LinuxException {
        List<LeaseFile> held = index.held(attachment);
        try {
            List<AllocatedIp> allocated = allocate(config, held);
            index.put(attachment, withPublished(held));
            index.mark();
            return allocated;
        } catch (IpamException | LinuxException e) {
            undo(held, e);
            throw e;
        }
    }

    private List<AllocatedIp> allocate(IpamConfig config, List<LeaseFile> held) throws IpamException, LinuxException {
        List<IpAddress> requested = new ArrayList<>(config.requested());
        List<AllocatedIp> allocated = new ArrayList<>();
        for (int i = 0; i < config.rangeSets().size(); i++) {
            RangeSet set = config.rangeSets().get(i);
            IpAddress wanted = takeRequested(requested, set);
            try {
                requireNone(set, held);
                allocated.add(wanted == null ? next(set, i) : requested(set, i, wanted));
            } catch (IpamException e) {
                throw new IpamException(e.code(), "failed to allocate for range " + i + ": " + e.message());
            }
        }
        if (!requested.isEmpty()) {
            StringBuilder message = new StringBuilder("failed to allocate all requested IPs:");
            for (IpAddress address : requested) {
                message.append(' ').append(address);
            }
            throw new IpamException(IpamException.INTERNAL, message.toString());
        }
        return allocated;
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

    /** Also where an address is requested, for which the reference plugin would give a second one. */
    private void requireNone(RangeSet set, List<LeaseFile> held) throws IpamException {
        for (LeaseFile file : held) {
            if (set.contains(file.address())) {
                throw new IpamException(
                        IpamException.INTERNAL,
                        file.address() + " has been allocated to " + attachment.containerId()
                                + ", duplicate allocation is not allowed");
            }
        }
    }

    private AllocatedIp requested(RangeSet set, int number, IpAddress address) throws IpamException, LinuxException {
        Range range = set.rangeOf(address);
        if (range == null) {
            throw new IpamException(IpamException.INTERNAL, address + " not in range set " + set);
        }
        if (address.equals(range.gateway())) {
            throw new IpamException(IpamException.INTERNAL, "requested ip " + address + " is subnet's gateway");
        }
        if (leases.isTaken(address) || !publish(address, number)) {
            throw new IpamException(
                    IpamException.INTERNAL,
                    "requested IP address " + address + " is not available in range set " + set);
        }
        return allocated(address, range);
    }

    private AllocatedIp next(RangeSet set, int number) throws IpamException, LinuxException {
        FreeAddresses free = new FreeAddresses(leases, set, number);
        for (IpAddress address = free.next(); address != null; address = free.next()) {
            if (publish(address, number)) {
                return allocated(address, free.range());
            }
        }
        throw new IpamException(IpamException.INTERNAL, "no IP addresses available in range set: " + set);
    }

    private boolean publish(IpAddress address, int number) throws LinuxException {
        if (!leases.publish(address, attachment)) {
            return false;
        }
        published.add(address);
        leases.setLastReserved(number, address);
        return true;
    }

    private static AllocatedIp allocated(IpAddress address, Range range) {
        return new AllocatedIp(new IpPrefix(address, range.subnet().length()), range.gateway());
    }

    /** What the attachment had before, without what is its container's in the old format. */
    private List<LeaseFile> own(List<LeaseFile> held) {
        List<LeaseFile> own = new ArrayList<>();
        for (LeaseFile file : held) {
            if (file.attachment().equals(attachment)) {
                own.add(file);
            }
        }
        return own;
    }

    private List<LeaseFile> withPublished(List<LeaseFile> held) throws LinuxException {
        List<LeaseFile> own = own(held);
        for (IpAddress address : published) {
            LeaseFile file = leases.stat(address, attachment);
            if (file != null) {
                own.add(file);
            }
        }
        return own;
    }

    /** What cannot be undone is left to the next call, which finds the directory changed and looks at all of it. */
    private void undo(List<LeaseFile> held, Exception cause) {
        boolean undone = true;
        for (IpAddress address : published) {
            try {
                leases.remove(address);
            } catch (LinuxException e) {
                cause.addSuppressed(e);
                undone = false;
            }
        }
        published.clear();
        if (undone) {
            index.put(attachment, own(held));
            index.mark();
        }
        LinuxException failure = index.failure();
        if (failure != null) {
            cause.addSuppressed(failure);
        }
    }
}
