package io.towpath.agent.policy;

import io.towpath.agent.status.AgentStatus;
import io.towpath.cni.wiring.Endpoint;
import io.towpath.net.IpAddress;
import io.towpath.overlay.DesiredOverlay;
import io.towpath.policy.explain.Nodes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Tells of the nodes that the overlay has, as packets show them, whenever it has others. Takes each status of the agent. */
public final class OverlayNodes implements Consumer<AgentStatus> {
    private final boolean hidesPods;
    private final Consumer<Nodes> told;
    private List<DesiredOverlay.Device> last = List.of();

    /**
     * Knows of none yet.
     *
     * @param hidesPods whether what pods send to other nodes is masqueraded
     */
    public OverlayNodes(boolean hidesPods, Consumer<Nodes> told) {
        this.hidesPods = hidesPods;
        this.told = told;
    }

    @Override
    public synchronized void accept(AgentStatus status) {
        String self = status.node();
        List<DesiredOverlay.Device> devices = status.overlay().devices();
        if (self != null && !devices.equals(last)) {
            last = devices;
            told.accept(of(self, devices, hidesPods));
        }
    }

    /** The nodes of some devices of a node. */
    static Nodes of(String self, List<DesiredOverlay.Device> devices, boolean hidesPods) {
        Map<String, Known> known = new LinkedHashMap<>();
        for (DesiredOverlay.Device device : devices) {
            // Two nodes in this one's subnet share it. Whether others share one is not known; most often they do not.
            known.computeIfAbsent(self, _ -> new Known())
                    .add(device.attributes().local(), device.slice().address(), true);
            for (DesiredOverlay.Peer peer : device.peers()) {
                known.computeIfAbsent(peer.node(), _ -> new Known()).add(peer.remote(), peer.gateway(), peer.direct());
            }
        }
        List<Nodes.Node> nodes = new ArrayList<>(known.size());
        known.forEach((name, each) -> nodes.add(new Nodes.Node(name, each.addresses, each.overlay, each.direct)));
        return new Nodes(nodes, hidesPods, self, List.of(Endpoint.GATEWAY_V4, Endpoint.GATEWAY_V6));
    }

    /** A node's addresses of all families. */
    private static final class Known {
        private final List<IpAddress> addresses = new ArrayList<>(2);
        private final List<IpAddress> overlay = new ArrayList<>(2);
        private final List<IpAddress> direct = new ArrayList<>(2);

        void add(@Nullable IpAddress address, IpAddress inOverlay, boolean isDirect) {
            overlay.add(inOverlay);
            if (address != null) {
                addresses.add(address);
                if (isDirect) {
                    direct.add(address);
                }
            }
        }
    }
}
