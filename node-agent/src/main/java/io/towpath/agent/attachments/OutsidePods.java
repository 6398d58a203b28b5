package io.towpath.agent.attachments;

import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.overlay.DesiredOverlay;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Pods of this node whose addresses are of the pods' network and of none of its slices, as of a podCIDR that it had before: other nodes know no
 * way to them.
 */
public final class OutsidePods {
    private static final int TOLD = 5;

    private OutsidePods() {}

    /**
     * Finds them.
     *
     * @param addresses of pods, by the indexes of their links
     * @param names {@code namespace/name} of pods by the same, of those that are known
     * @return one line each, sorted by address
     */
    public static List<String> of(
            Map<Integer, ? extends Collection<IpAddress>> addresses,
            List<DesiredOverlay.Device> devices,
            Map<Integer, String> names) {
        Map<IpAddress, String> found = new TreeMap<>();
        addresses.forEach((link, each) -> each.forEach(address -> {
            if (devices.stream()
                    .anyMatch(device -> contains(device.network(), address) && !contains(device.slice(), address))) {
                String name = names.get(link);
                found.put(address, name == null ? address.toString() : name + " (" + address + ")");
            }
        }));
        return List.copyOf(found.values());
    }

    private static boolean contains(IpPrefix prefix, IpAddress address) {
        return prefix.contains(IpPrefix.host(address));
    }

    /** What an operator is told of them; null where there are none. */
    public static @Nullable String message(List<String> pods, List<DesiredOverlay.Device> devices) {
        if (pods.isEmpty()) {
            return null;
        }
        return "pods with addresses outside this node's podCIDR "
                + String.join(
                        ",",
                        devices.stream()
                                .map(device -> device.slice().toString())
                                .toList())
                + ", which other nodes cannot reach: "
                + String.join(", ", pods.subList(0, Math.min(TOLD, pods.size())))
                + (pods.size() <= TOLD ? "" : " and " + (pods.size() - TOLD) + " more")
                + "; delete them, so that they are made anew with others";
    }
}
