package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.status.StatusJson;
import io.towpath.cni.BuildInfo;
import io.towpath.ipam.IpamException;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.overlay.Overlay;
import io.towpath.overlay.Overlay.Difference;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.OverlayView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code status}: one screen, from the agent or, where none answers, from the kernel and the files. */
final class StatusCommand {
    private StatusCommand() {}

    static CommandSpec status() {
        return OverlayCommand.withFiles(IpamCommand.withConf(Cli.printing(
                        "status",
                        "Prints how the node is: overlay, peers, leases, health. Fails if it is not ready.",
                        StatusCommand::status)))
                .addOption(Asking.socketOption());
    }

    private static Cli.Output status(ParseResult options) throws IOException, NetlinkException, OverlayException {
        boolean json = Cli.json(options);
        Path socket = Asking.socket(options);
        JsonNode asked = Asking.status(socket);
        JsonNode status = asked == null ? withoutAgent(options, socket) : asked;
        // The agent looks every half a minute, and its first look may come before the node has a slice.
        if (status.path("ipam").isEmpty() && status instanceof ObjectNode own) {
            addFills(own, options);
        }
        return new Cli.Output(
                json ? status.toPrettyString() + "\n" : StatusText.of(status, Instant.now(), Cli.wide(options)),
                status.path("ready").asBoolean());
    }

    /** What the kernel and the files tell, in the agent's form. */
    private static JsonNode withoutAgent(ParseResult options, Path socket) throws NetlinkException, OverlayException {
        OverlayView view;
        Difference difference;
        try (Rtnl rtnl = Rtnl.open()) {
            Overlay known = new Overlay(OverlayCommand.files(options), rtnl);
            view = known.show();
            difference = known.difference();
        }
        ObjectNode json = StatusJson.withoutAgent(
                view.node(),
                BuildInfo.VERSION,
                Instant.now(),
                "no agent answers on " + socket + "; this is what the kernel and the files tell");
        Map<String, String> slices = new HashMap<>();
        if (difference != null) {
            difference
                    .desired()
                    .devices()
                    .forEach(device -> slices.put(device.name(), device.slice().toString()));
        }
        ObjectNode overlay = json.putObject("overlay");
        overlay.put("stands", view.node() != null && view.pending().isEmpty());
        ArrayNode obstacles = overlay.putArray("obstacles");
        overlay.putNull("outside");
        List<String> problems = new ArrayList<>();
        for (String remark : view.remarks()) {
            if (remark.startsWith(OverlayView.OBSTACLE)) {
                obstacles.add(remark.substring(OverlayView.OBSTACLE.length()));
            } else {
                problems.add(remark);
            }
        }
        view.devices().stream()
                .filter(device -> !device.state().equals("up"))
                .forEach(device -> problems.add(device.name() + " is " + device.state()));
        overlay.put("problem", problems.isEmpty() ? null : String.join("; ", problems));
        ArrayNode devices = overlay.putArray("devices");
        for (OverlayView.DeviceLine device : view.devices()) {
            devices.addObject()
                    .put("name", device.name())
                    .put("vni", device.vni())
                    .put("port", device.port())
                    .put("mtu", device.mtu())
                    .put("mac", device.mac())
                    .put("local", device.local())
                    .put("interface", device.underlay())
                    .put("slice", slices.get(device.name()));
        }
        ArrayNode peers = overlay.putArray("peers");
        for (OverlayView.PeerLine peer : view.peers()) {
            peers.addObject()
                    .put("node", peer.node())
                    .put("slice", peer.slice())
                    .put("address", peer.address())
                    .put("mac", peer.mac())
                    .put("problem", peer.state().equals("ok") ? null : peer.state())
                    .putNull("lastRepair");
        }
        return json;
    }

    /** From the disk. */
    private static void addFills(ObjectNode json, ParseResult options) {
        try {
            json.set("ipam", StatusJson.fills(IpamCommand.fills(options)));
        } catch (IOException | IpamException e) {
            json.putNull("ipam");
            json.put("ipamProblem", e.getMessage());
        }
    }
}
