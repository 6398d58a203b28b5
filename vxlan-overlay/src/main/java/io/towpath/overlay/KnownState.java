package io.towpath.overlay;

import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import io.towpath.netlink.rtnl.Vxlan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the last sync left, noted so that one look at each device tells whether it stands: which cluster that was, how the
 * kernel showed the devices, and what {@code subnet.env} said.
 *
 * <p>The file is read on every ADD, so its form is made for that: one thing a line, compared as text and not taken apart.
 *
 * @param cluster the {@linkplain #fingerprint fingerprint} of the cluster file; of an agent's cluster, {@link #OF_AGENT} and
 *     that of the last known cluster
 * @param subnetEnv a hash of what {@code subnet.env} said
 * @param devices how the devices were {@linkplain #describe shown}
 * @param complete whether nothing was left undone
 * @param masquerades what {@code subnet.env} said of that
 * @param warning what was wrong with that cluster file, if the one before was used in its place; null if nothing
 */
record KnownState(
        String cluster,
        String subnetEnv,
        List<String> devices,
        boolean complete,
        boolean masquerades,
        @Nullable String warning) {
    static final String OF_AGENT = "agent ";

    static final String FILE = "overlay.state";

    private static final String HEADER = "towpath-overlay 1";
    private static final int MODE = 0x1a4; // 0644
    private static final int LIMIT = 64 << 10;
    private static final int TYPE_MASK = 0xf000;
    private static final int SYMBOLIC_LINK = 0xa000;

    KnownState {
        devices = List.copyOf(devices);
    }

    /** Reads what was written; null if there is nothing or it is of no use. */
    static @Nullable KnownState read(String directory) throws LinuxException {
        byte[] content = Linux.readFile(directory + "/" + FILE, LIMIT);
        if (content == null) {
            return null;
        }
        String text = new String(content, StandardCharsets.UTF_8);
        @Nullable String cluster = null;
        @Nullable String subnetEnv = null;
        @Nullable String warning = null;
        boolean complete = true;
        boolean masquerades = false;
        List<String> devices = new ArrayList<>(2);
        int start = HEADER.length() + 1;
        if (!text.startsWith(HEADER + "\n")) {
            return null;
        }
        for (int end = text.indexOf('\n', start); end >= 0; end = text.indexOf('\n', start)) {
            int space = text.indexOf(' ', start);
            String key = space < 0 || space > end ? "" : text.substring(start, space);
            String value = key.isEmpty() ? "" : text.substring(space + 1, end);
            switch (key) {
                case "cluster" -> cluster = value;
                case "subnet-env" -> subnetEnv = value;
                case "device" -> devices.add(value);
                case "complete" -> complete = value.equals("true");
                case "masquerades" -> masquerades = value.equals("true");
                case "warning" -> warning = value;
                default -> {
                    return null;
                }
            }
            start = end + 1;
        }
        return cluster == null || subnetEnv == null || (complete && devices.isEmpty())
                ? null
                : new KnownState(cluster, subnetEnv, devices, complete, masquerades, warning);
    }

    void write(String directory) throws LinuxException {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        text.append("cluster ").append(cluster).append('\n');
        text.append("subnet-env ").append(subnetEnv).append('\n');
        for (String device : devices) {
            text.append("device ").append(device).append('\n');
        }
        text.append("complete ").append(complete).append('\n');
        text.append("masquerades ").append(masquerades).append('\n');
        if (warning != null) {
            text.append("warning ").append(warning).append('\n');
        }
        Linux.publish(directory, FILE, text.toString().getBytes(StandardCharsets.UTF_8), MODE);
    }

    /** Whether an agent was the last to sync. */
    boolean isOfAgent() {
        return cluster.startsWith(OF_AGENT);
    }

    /** Whether the kernel shows every device as it was noted, and any was. */
    boolean stands(Rtnl rtnl) throws LinuxException {
        if (devices.isEmpty()) {
            return false;
        }
        for (String device : devices) {
            Link link = rtnl.link(device.substring(0, device.indexOf(' ')));
            if (link == null || !describe(link).equals(device)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a link is one of the devices, whatever it is called and however it is now: an index is not given twice. */
    boolean isOf(Link link) {
        String index = " index " + link.index() + " ";
        for (String device : devices) {
            if (link.vxlan() != null && device.contains(index)) {
                return true;
            }
        }
        return false;
    }

    private static StringBuilder start(Link link) {
        return new StringBuilder(96).append(link.name()).append(" index ").append(link.index());
    }

    /** What must stay as it is of a device, its name first. A device made anew is told by its index. */
    static String describe(Link link) {
        StringBuilder text = start(link);
        text.append(link.isUp() ? " up" : " down");
        text.append(" mtu ").append(link.mtu());
        text.append(" mac ").append(link.mac());
        text.append(" master ").append(link.masterIndex());
        Vxlan vxlan = link.vxlan();
        if (vxlan != null) {
            IpAddress local = vxlan.local();
            text.append(" vxlan ").append(vxlan.id());
            text.append(" dev ").append(vxlan.linkIndex());
            text.append(" local ").append(local == null ? "none" : local.toString());
            text.append(" port ").append(vxlan.port());
            text.append(vxlan.learning() ? " learning" : " nolearning");
        }
        return text.toString();
    }

    /** Tells one state of a file from another; null if there is no such file. A symbolic link counts as what it leads to. */
    static @Nullable String fingerprint(String file) throws LinuxException {
        Linux.Status status = Linux.status(file);
        if (status != null && (status.mode() & TYPE_MASK) == SYMBOLIC_LINK) {
            String target = target(file);
            status = target == null ? null : Linux.status(target);
        }
        return status == null
                ? null
                : status.device() + " " + status.inode() + " " + status.size() + " " + status.modified();
    }

    private static @Nullable String target(String link) {
        try {
            return Path.of(link).toRealPath().toString();
        } catch (IOException e) {
            return null; // A link that leads nowhere is no file.
        }
    }

    /** A hash of a file's content: that of FNV-1a with 64 bits. */
    static String hash(byte[] content) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : content) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return Long.toHexString(hash);
    }
}
