package io.towpath.agent.attachments;

import io.towpath.cni.wiring.OwnerMark;
import io.towpath.cni.wiring.PodLinkKeeper;
import io.towpath.ipam.Attachment;
import io.towpath.ipam.HostLocal;
import io.towpath.ipam.IpamException;
import io.towpath.ipam.Lease;
import io.towpath.net.IpAddress;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who has which address of the runtime's network, read from the disk without a lock. Leases in the old format tell no interface, and are
 * left out.
 *
 * @param cniConf the conflist that the runtime reads
 */
public record LeaseHoldings(String cniConf, Clock clock) implements PodLinkKeeper.Holdings {
    @Override
    public @Nullable Map<IpAddress, PodLinkKeeper.Holding> read() throws IOException {
        CniConf conf = CniConf.read(cniConf);
        if (conf == null) {
            return null;
        }
        try {
            Map<IpAddress, PodLinkKeeper.Holding> held = new HashMap<>();
            for (Lease lease : HostLocal.of(conf.tree()).list()) {
                Attachment holder = lease.attachment();
                OwnerMark mark = OwnerMark.of(conf.network(), holder.containerId(), holder.interfaceName());
                held.put(
                        lease.address(),
                        new PodLinkKeeper.Holding(mark, Duration.ofMillis(clock.millis() - lease.since())));
            }
            return held;
        } catch (IpamException e) {
            throw new IOException(e.message(), e);
        }
    }
}
