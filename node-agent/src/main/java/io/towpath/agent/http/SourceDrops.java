package io.towpath.agent.http;

import io.towpath.cni.sources.SourceTable;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** What the check of pods' sources has dropped, read from the kernel when it is asked for. */
final class SourceDrops {
    private final Supplier<Map<Integer, String>> pods;

    /**
     * What was dropped of a pod.
     *
     * @param link the node's end of its link
     * @param pod {@code namespace/name}; empty where no policies are enforced, as nobody tells then
     */
    record Dropped(String link, String pod, long packets) {}

    /** @param pods their names, by the indexes of their links */
    SourceDrops(Supplier<Map<Integer, String>> pods) {
        this.pods = pods;
    }

    /** Of each pod of which anything was dropped since its link was made. */
    List<Dropped> read() throws NetlinkException {
        try (Nft nft = Nft.open();
                Rtnl rtnl = Rtnl.open()) {
            Map<String, Long> byLink = SourceTable.dropped(nft);
            List<Dropped> dropped = new ArrayList<>();
            if (byLink.isEmpty()) {
                return dropped;
            }
            Map<Integer, String> names = pods.get();
            for (Link link : rtnl.links()) {
                Long packets = byLink.get(link.name());
                if (packets != null) {
                    dropped.add(new Dropped(link.name(), names.getOrDefault(link.index(), ""), packets));
                }
            }
            return dropped;
        }
    }
}
