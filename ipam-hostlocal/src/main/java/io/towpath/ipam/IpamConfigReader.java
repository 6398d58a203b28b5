package io.towpath.ipam;

import com.fasterxml.jackson.databind.JsonNode;
import io.towpath.linux.LinuxException;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the IPAM's part of a network configuration: {@code ipam}, {@code args.cni.ips}, {@code runtimeConfig.ips} and
 * {@code runtimeConfig.ipRanges}.
 */
public final class IpamConfigReader {
    /** All keys that are read of a configuration, here and elsewhere in the IPAM. */
    public static final List<String> KEYS = List.of(
            "name",
            "cniVersion",
            "ipam",
            "args",
            "cni",
            "ips",
            "runtimeConfig",
            "ipRanges",
            "subnet",
            "rangeStart",
            "rangeEnd",
            "gateway",
            "ranges",
            "routes",
            "dst",
            "gw",
            "mtu",
            "advmss",
            "priority",
            "table",
            "scope",
            "resolvConf",
            "dataDir");

    private static final String POD_CIDR = "usePodCidr";
    private static final String POD_CIDR_IPV6 = "usePodCidrIPv6";
    private static final long MAX_32 = 0xffff_ffffL;

    private final String stateFile;
    private final String subnetEnv;
    private @Nullable NodeState state;

    /**
     * @param stateFile path of the node state file
     * @param subnetEnv path of flannel's environment file, read where there is no node state file
     */
    public IpamConfigReader(String stateFile, String subnetEnv) {
        this.stateFile = stateFile;
        this.subnetEnv = subnetEnv;
    }

    /** @param state what is known of the node already */
    public IpamConfigReader(NodeState state) {
        this("", "");
        this.state = state;
    }

    /**
     * Reads and checks it all.
     *
     * @param conf the whole network configuration
     * @param requestedByArgs the value of {@code IP} in {@code CNI_ARGS}, empty if there is none
     * @throws IpamException code 6 for a value of the wrong type, 7 for one that cannot be meant
     */
    public IpamConfig read(JsonNode conf, String requestedByArgs) throws IpamException, LinuxException {
        JsonNode ipam = Json.object(conf, "ipam", "ipam");
        if (!ipam.isObject()) {
            throw new IpamException(IpamException.INVALID_CONFIG, "IPAM config missing 'ipam' key");
        }
        JsonNode runtimeConfig = Json.object(conf, "runtimeConfig", "runtimeConfig");
        List<RangeSet> sets = rangeSets(ipam, runtimeConfig);
        requireRoomInVersion(sets, conf.path("cniVersion").asText(""));
        return new IpamConfig(
                sets,
                requested(conf, runtimeConfig, requestedByArgs),
                routes(ipam),
                Json.text(ipam, "resolvConf", "ipam.resolvConf"));
    }

    private List<RangeSet> rangeSets(JsonNode ipam, JsonNode runtimeConfig) throws IpamException, LinuxException {
        List<RangeSet> sets = new ArrayList<>();
        addSets(sets, Json.array(runtimeConfig, "ipRanges", "runtimeConfig.ipRanges"), "runtimeConfig.ipRanges");
        String subnet = Json.text(ipam, "subnet", "ipam.subnet");
        if (subnet.equals(POD_CIDR)) {
            addSlices(sets, ipam);
        } else if (Json.has(ipam, "subnet")) {
            addSet(sets, List.of(ipam), List.of("ipam"));
        }
        addSets(sets, Json.array(ipam, "ranges", "ipam.ranges"), "ipam.ranges");
        if (sets.isEmpty()) {
            throw new IpamException(IpamException.INVALID_CONFIG, "no IP ranges specified");
        }
        for (int i = 0; i < sets.size(); i++) {
            for (int j = i + 1; j < sets.size(); j++) {
                if (sets.get(i).overlaps(sets.get(j))) {
                    throw new IpamException(IpamException.INVALID_CONFIG, "range set " + i + " overlaps with " + j);
                }
            }
        }
        return List.copyOf(sets);
    }

    private void addSets(List<RangeSet> sets, List<JsonNode> values, String path) throws IpamException, LinuxException {
        for (int i = 0; i < values.size(); i++) {
            List<JsonNode> ranges = Json.elements(values.get(i), path + "[" + i + "]");
            List<String> paths = new ArrayList<>();
            for (int j = 0; j < ranges.size(); j++) {
                paths.add(path + "[" + i + "][" + j + "]");
            }
            addSet(sets, ranges, paths);
        }
    }

    private void addSet(List<RangeSet> sets, List<JsonNode> values, List<String> paths)
            throws IpamException, LinuxException {
        List<IpPrefix> subnets = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
            String path = paths.get(i) + ".subnet";
            subnets.add(subnet(Json.text(values.get(i), "subnet", path), path));
        }
        try {
            List<Range> ranges = new ArrayList<>();
            for (int i = 0; i < values.size(); i++) {
                ranges.add(range(subnets.get(i), values.get(i), paths.get(i)));
            }
            sets.add(RangeSet.of(ranges));
        } catch (IpamException e) {
            throw new IpamException(e.code(), "invalid range set " + sets.size() + ": " + e.message());
        }
    }

    private static Range range(IpPrefix subnet, JsonNode value, String path) throws IpamException {
        return Range.of(
                subnet,
                Json.address(value, "rangeStart", path + ".rangeStart"),
                Json.address(value, "rangeEnd", path + ".rangeEnd"),
                Json.address(value, "gateway", path + ".gateway"));
    }

    /** One set per family of the node's slices; a bound or gateway beside {@code subnet} is for the slice it is in. */
    private void addSlices(List<RangeSet> sets, JsonNode ipam) throws IpamException, LinuxException {
        List<IpPrefix> slices = state("ipam.subnet").slices();
        requireInOne(slices, ipam, "rangeStart");
        requireInOne(slices, ipam, "rangeEnd");
        requireInOne(slices, ipam, "gateway");
        for (boolean ipv6 : new boolean[] {false, true}) {
            List<Range> ranges = new ArrayList<>();
            for (IpPrefix slice : slices) {
                if (slice.address().ipv6() == ipv6) {
                    ranges.add(Range.of(
                            slice,
                            inside(slice, Json.address(ipam, "rangeStart", "ipam.rangeStart")),
                            inside(slice, Json.address(ipam, "rangeEnd", "ipam.rangeEnd")),
                            inside(slice, Json.address(ipam, "gateway", "ipam.gateway"))));
                }
            }
            if (!ranges.isEmpty()) {
                sets.add(RangeSet.of(ranges));
            }
        }
    }

    private static void requireInOne(List<IpPrefix> slices, JsonNode ipam, String key) throws IpamException {
        IpAddress address = Json.address(ipam, key, "ipam." + key);
        if (address == null) {
            return;
        }
        for (IpPrefix slice : slices) {
            if (slice.contains(address)) {
                return;
            }
        }
        throw Json.invalid("ipam." + key, "is in none of this node's slices " + slices + ": " + address);
    }

    private static @Nullable IpAddress inside(IpPrefix slice, @Nullable IpAddress address) {
        return address != null && slice.contains(address) ? address : null;
    }

    private IpPrefix subnet(String text, String path) throws IpamException, LinuxException {
        boolean ipv6 = text.equals(POD_CIDR_IPV6);
        if (!ipv6 && !text.equals(POD_CIDR)) {
            return Json.prefix(text, path);
        }
        List<IpPrefix> slices = state(path).slices();
        for (IpPrefix slice : slices) {
            if (slice.address().ipv6() == ipv6) {
                return slice;
            }
        }
        if (ipv6) {
            throw Json.invalid(path, "asks for an IPv6 slice, and this node has none");
        }
        return slices.getFirst();
    }

    private NodeState state(String path) throws IpamException, LinuxException {
        NodeState known = state == null ? NodeState.read(stateFile, subnetEnv) : state;
        if (known == null) {
            throw new IpamException(
                    IpamException.TRY_AGAIN_LATER,
                    "network config key \"" + path + "\" asks for this node's slice, which is not known yet: neither "
                            + stateFile + " nor " + subnetEnv + " is there");
        }
        state = known;
        return known;
    }

    private static void requireRoomInVersion(List<RangeSet> sets, String version) throws IpamException {
        long ipv6 = sets.stream().filter(RangeSet::ipv6).count();
        boolean several = ipv6 > 1 || sets.size() - ipv6 > 1;
        if (several && (version.isEmpty() || version.startsWith("0.1.") || version.startsWith("0.2."))) {
            throw new IpamException(
                    IpamException.INVALID_CONFIG,
                    "CNI version " + version + " does not support more than 1 address per family");
        }
    }

    private static List<IpAddress> requested(JsonNode conf, JsonNode runtimeConfig, String byArgs)
            throws IpamException {
        List<IpAddress> requested = new ArrayList<>();
        if (!byArgs.isEmpty()) {
            IpPrefix prefix = IpPrefix.tryParse(byArgs);
            IpAddress address = prefix == null ? IpAddress.tryParse(byArgs) : prefix.address();
            if (address == null) {
                throw new IpamException(
                        IpamException.INVALID_CONFIG, "CNI_ARGS: IP is no IP address: \"" + byArgs + "\"");
            }
            requested.add(address);
        }
        JsonNode args = Json.object(Json.object(conf, "args", "args"), "cni", "args.cni");
        addRequested(requested, Json.array(args, "ips", "args.cni.ips"), "args.cni.ips");
        addRequested(requested, Json.array(runtimeConfig, "ips", "runtimeConfig.ips"), "runtimeConfig.ips");
        return requested.stream().distinct().toList();
    }

    private static void addRequested(List<IpAddress> requested, List<JsonNode> values, String path)
            throws IpamException {
        for (int i = 0; i < values.size(); i++) {
            String element = path + "[" + i + "]";
            requested.add(Json.addressOrPrefix(Json.text(values.get(i), element), element));
        }
    }

    private static List<IpamRoute> routes(JsonNode ipam) throws IpamException {
        List<IpamRoute> routes = new ArrayList<>();
        List<JsonNode> values = Json.array(ipam, "routes", "ipam.routes");
        for (int i = 0; i < values.size(); i++) {
            JsonNode value = values.get(i);
            String path = "ipam.routes[" + i + "].";
            routes.add(new IpamRoute(
                    Json.prefix(Json.text(value, "dst", path + "dst"), path + "dst")
                            .network(),
                    Json.address(value, "gw", path + "gw"),
                    (int) Json.number(value, "mtu", path + "mtu", 65535),
                    (int) Json.number(value, "advmss", path + "advmss", 65535),
                    Json.number(value, "priority", path + "priority", MAX_32),
                    Json.has(value, "table") ? Json.number(value, "table", path + "table", MAX_32) : null,
                    Json.has(value, "scope") ? (int) Json.number(value, "scope", path + "scope", 255) : null));
        }
        return List.copyOf(routes);
    }
}
