package io.towpath.overlay;

import io.towpath.linux.Errno;
import io.towpath.linux.Linux;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpPrefix;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** The files that tell others on the node, IPAM first, which slices it has. */
final class NodeFiles {
    static final String NODE_STATE = "node.json";

    private static final int MODE = 0x1a4; // 0644
    private static final int FOLDER_MODE = 0x1ed; // 0755
    private static final int LIMIT = 64 << 10;

    private NodeFiles() {}

    /**
     * The content of {@code node.json}: the keys node, networks, slices, mtu (in bytes, for pods) and device (the first, which
     * of two is that of IPv4).
     */
    static byte[] nodeState(DesiredOverlay desired) {
        StringBuilder json =
                new StringBuilder("{\"node\":\"").append(desired.node()).append("\",\"networks\":[");
        appendPrefixes(json, desired.networks());
        json.append("],\"slices\":[");
        appendPrefixes(json, desired.podSlices());
        json.append("],\"mtu\":").append(desired.mtu()).append(",\"device\":\"");
        json.append(desired.devices().getFirst().name()).append("\"}\n");
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void appendPrefixes(StringBuilder json, List<IpPrefix> prefixes) {
        for (int i = 0; i < prefixes.size(); i++) {
            json.append(i == 0 ? "\"" : ",\"").append(prefixes.get(i)).append('"');
        }
    }

    /**
     * The content of flannel's {@code subnet.env}. Its SUBNET is the first address that a pod or bridge may have, with the
     * slice's length.
     *
     * @param masquerades whether somebody sees to it that packets which leave the pods' network are masqueraded
     */
    static byte[] subnetEnv(DesiredOverlay desired, boolean masquerades) {
        StringBuilder text = new StringBuilder();
        for (IpPrefix slice : desired.podSlices()) {
            boolean ipv6 = slice.address().ipv6();
            String prefix = ipv6 ? "FLANNEL_IPV6_" : "FLANNEL_";
            IpPrefix subnet = new IpPrefix(slice.address().next(), slice.length());
            IpPrefix network = Cluster.ofFamily(desired.networks(), ipv6);
            text.append(prefix).append("NETWORK=").append(network).append('\n');
            text.append(prefix).append("SUBNET=").append(subnet).append('\n');
        }
        text.append("FLANNEL_MTU=").append(desired.mtu()).append("\nFLANNEL_IPMASQ=");
        text.append(masquerades).append('\n');
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Puts a complete file in the place of what is there, unless that is the same already; true if it wrote. */
    static boolean publish(String path, byte[] content) throws LinuxException {
        if (Arrays.equals(read(path), content)) {
            return false;
        }
        int slash = path.lastIndexOf('/');
        String folder = slash < 0 ? "." : slash == 0 ? "/" : path.substring(0, slash);
        Linux.makeDirectories(folder, FOLDER_MODE);
        Linux.publish(folder, path.substring(slash + 1), content, MODE);
        return true;
    }

    private static byte[] read(String path) throws LinuxException {
        try {
            byte[] content = Linux.readFile(path, LIMIT);
            return content == null ? new byte[0] : content;
        } catch (LinuxException e) {
            if (e.is(Errno.EFBIG)) {
                return new byte[0];
            }
            throw e;
        }
    }
}
