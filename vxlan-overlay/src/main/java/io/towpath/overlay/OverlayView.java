package io.towpath.overlay;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Vxlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An overlay for an operator's eyes.
 *
 * @param node the node's name, null if the overlay is not Towpath's
 * @param networks the pods' networks
 * @param devices this node's devices
 * @param peers the other nodes, a line for each slice
 * @param pending what a sync would do, one line each
 * @param remarks what else to know, one line each
 */
public record OverlayView(
        @Nullable String node,
        List<String> networks,
        List<DeviceLine> devices,
        List<PeerLine> peers,
        List<String> pending,
        List<String> remarks) {

    /** What a remark begins with that tells what of others keeps packets from the overlay. */
    public static final String OBSTACLE = "obstacle: ";

    private static final int PENDING_SHOWN = 20;

    public OverlayView {
        networks = List.copyOf(networks);
        devices = List.copyOf(devices);
        peers = List.copyOf(peers);
        pending = List.copyOf(pending);
        remarks = List.copyOf(remarks);
    }

    /**
     * A device.
     *
     * @param name its name
     * @param state {@code "up"}, {@code "down"}, {@code "missing"} or {@code "wrong"}
     * @param vni as it is; as it must be where it is missing, and so the following
     * @param port the UDP port
     * @param mtu in bytes
     * @param mac its MAC address
     * @param local the source address of tunnel packets
     * @param underlay the interface that they leave by, as it must be
     * @param address its address, as it must be
     */
    public record DeviceLine(
            String name,
            String state,
            int vni,
            int port,
            int mtu,
            String mac,
            String local,
            String underlay,
            String address) {}

    /**
     * A peer.
     *
     * @param node its name
     * @param slice its slice
     * @param address its address in the underlay
     * @param mac its device's MAC address
     * @param device what packets for its slice leave by: this node's device, or the underlay's if it is routed directly
     * @param state {@code "ok"}, or what is missing or wrong, such as {@code "no route"}
     */
    public record PeerLine(String node, String slice, String address, String mac, String device, String state) {}

    static OverlayView notOurs(OverlayConfig config) {
        return new OverlayView(
                null,
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of("there is no cluster file " + config.clusterFile()
                        + ", and none is known: the overlay is not Towpath's"));
    }

    static OverlayView of(
            OverlayConfig config,
            DesiredOverlay desired,
            ObservedOverlay observed,
            @Nullable String warning,
            List<String> obstacles) {
        List<String> remarks = new ArrayList<>(warnings(desired, warning));
        obstacles.forEach(each -> remarks.add(OBSTACLE + each));
        OverlayPlan plan = OverlayPlan.between(desired, observed);
        List<DeviceLine> devices = new ArrayList<>();
        List<PeerLine> peers = new ArrayList<>();
        for (DevicePlan each : plan.devices()) {
            DesiredOverlay.Device device = each.device();
            ObservedOverlay.Device seen = observed.devices().get(device.name());
            devices.add(line(each, seen == null ? null : seen.link()));
            Map<String, String> faults = faults(each);
            for (DesiredOverlay.Peer peer : device.peers()) {
                peers.add(new PeerLine(
                        peer.node(),
                        peer.slice().toString(),
                        peer.remote().toString(),
                        peer.mac().toString(),
                        peer.direct() ? device.underlay() : device.name(),
                        faults.getOrDefault(peer.node(), "ok")));
            }
        }
        List<String> pending = new ArrayList<>();
        plan.describe(pending::add);
        return new OverlayView(
                desired.node(),
                desired.networks().stream().map(Object::toString).toList(),
                devices,
                peers,
                pending,
                remarks);
    }

    private static DeviceLine line(DevicePlan plan, @Nullable Link link) {
        DesiredOverlay.Device device = plan.device();
        Vxlan seen = link == null ? null : link.vxlan();
        Vxlan shown = seen == null ? device.attributes() : seen;
        String state = link == null ? "missing" : plan.creates() ? "wrong" : link.isUp() ? "up" : "down";
        return new DeviceLine(
                device.name(),
                state,
                shown.id(),
                shown.port(),
                link == null ? device.mtu() : link.mtu(),
                String.valueOf(link == null ? device.mac() : link.mac()),
                String.valueOf(shown.local()),
                device.underlay(),
                device.address().toString());
    }

    private static Map<String, String> faults(DevicePlan plan) {
        Map<String, String> faults = new HashMap<>();
        for (Step step : plan.steps()) {
            if (step.peer() != null && !step.makesRoom()) {
                faults.merge(step.peer(), "no " + step.what(), (before, more) -> before + ", " + more);
            }
        }
        return faults;
    }

    /** Lines with columns, the last one ended. */
    public String toText() {
        StringBuilder text = new StringBuilder();
        if (node != null) {
            text.append("node ")
                    .append(node)
                    .append(", network ")
                    .append(String.join(", ", networks))
                    .append("\n\n");
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("DEVICE", "STATE", "VNI", "PORT", "MTU", "MAC", "LOCAL", "INTERFACE", "ADDRESS"));
            for (DeviceLine line : devices) {
                rows.add(List.of(
                        line.name,
                        line.state,
                        Integer.toString(line.vni),
                        Integer.toString(line.port),
                        Integer.toString(line.mtu),
                        line.mac,
                        line.local,
                        line.underlay,
                        line.address));
            }
            Columns.append(text, rows);
            text.append('\n');
            rows.clear();
            rows.add(List.of("NODE", "SLICE", "ADDRESS", "MAC", "BY", "STATE"));
            for (PeerLine line : peers) {
                rows.add(List.of(line.node, line.slice, line.address, line.mac, line.device, line.state));
            }
            Columns.append(text, rows);
        }
        if (!pending.isEmpty()) {
            text.append("\na sync would:\n");
            for (String line : pending.subList(0, Math.min(pending.size(), PENDING_SHOWN))) {
                text.append("  ").append(line).append('\n');
            }
            if (pending.size() > PENDING_SHOWN) {
                text.append("  and ").append(pending.size() - PENDING_SHOWN).append(" more\n");
            }
        }
        remarks.forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }

    /** The same as a JSON object with the names of the record's parts. */
    public ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("node", node);
        networks.forEach(json.putArray("networks")::add);
        ArrayNode deviceArray = json.putArray("devices");
        for (DeviceLine line : devices) {
            deviceArray
                    .addObject()
                    .put("name", line.name)
                    .put("state", line.state)
                    .put("vni", line.vni)
                    .put("port", line.port)
                    .put("mtu", line.mtu)
                    .put("mac", line.mac)
                    .put("local", line.local)
                    .put("interface", line.underlay)
                    .put("address", line.address);
        }
        ArrayNode peerArray = json.putArray("peers");
        for (PeerLine line : peers) {
            peerArray
                    .addObject()
                    .put("node", line.node)
                    .put("slice", line.slice)
                    .put("address", line.address)
                    .put("mac", line.mac)
                    .put("device", line.device)
                    .put("state", line.state);
        }
        pending.forEach(json.putArray("pending")::add);
        remarks.forEach(json.putArray("remarks")::add);
        return json;
    }

    private static List<String> warnings(DesiredOverlay desired, @Nullable String warning) {
        List<String> warnings = new ArrayList<>(warning == null ? List.of() : List.of(warning));
        desired.leftOut().forEach(each -> warnings.add(each.family() + " is left out: " + each.reason()));
        return warnings;
    }
}
