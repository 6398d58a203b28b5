package io.towpath.agent.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.agent.status.StatusJson;
import io.towpath.cni.BuildInfo;
import io.towpath.cni.cli.Cli;
import io.towpath.ipam.IpamException;
import io.towpath.netlink.NetlinkException;
import io.towpath.overlay.OverlayException;
import io.towpath.overlay.OverlayView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
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
                json ? status.toPrettyString() + "\n" : StatusText.of(status, Instant.now()),
                status.path("ready").asBoolean());
    }

    /** What the kernel and the files tell, in the agent's form. */
    private static JsonNode withoutAgent(ParseResult options, Path socket) throws NetlinkException, OverlayException {
        OverlayView view = OverlayCommand.view(options);
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("version", BuildInfo.VERSION).put("node", view.node()).put("ready", false);
        json.put("notReady", "no agent answers on " + socket + "; this is what the kernel and the files tell");
        ObjectNode overlay = json.putObject("overlay");
        overlay.put("stands", view.node() != null && view.pending().isEmpty());
        List<String> problems = new ArrayList<>(view.remarks());
        view.devices().stream()
                .filter(device -> !device.state().equals("up"))
                .forEach(device -> problems.add(device.name() + " is " + device.state()));
        overlay.put("problem", problems.isEmpty() ? null : String.join("; ", problems));
        ArrayNode devices = overlay.putArray("devices");
        for (OverlayView.DeviceLine device : view.devices()) {
            devices.addObject()
                    .put("name", device.name())
                    .put("state", device.state())
                    .put("vni", device.vni())
                    .put("port", device.port())
                    .put("mtu", device.mtu())
                    .put("mac", device.mac())
                    .put("local", device.local())
                    .put("interface", device.underlay())
                    .put("address", device.address());
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
            json.putArray("ipam");
            json.put("ipamProblem", e.getMessage());
        }
    }
}
