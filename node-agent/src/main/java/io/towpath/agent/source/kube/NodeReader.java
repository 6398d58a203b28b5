package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster;
import io.towpath.overlay.Family;
import io.towpath.overlay.Health;
import io.towpath.overlay.ServableNodes.Rejected;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the overlay's facts from a node of the API: its slices from {@code spec.podCIDRs}, the rest from flannel's annotations.
 * A family that the network does not have is passed over.
 */
final class NodeReader {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final String READY = "Ready"; // NodeReady
    private static final String INTERNAL_IP = "InternalIP"; // NodeInternalIP

    private final String self;
    private final NetConf conf;
    private final AnnotationNames names;

    NodeReader(String self, NetConf conf, AnnotationNames names) {
        this.self = self;
        this.conf = conf;
        this.names = names;
    }

    /** Reads; whatever the node says is an answer, never an error. */
    KnownNode read(KubeNode node) {
        String name = node.getMetadata().getName();
        boolean own = name.equals(self);
        if (!own && !"true".equals(annotation(node, AnnotationNames.MANAGED))) {
            return KnownNode.Absent.INSTANCE;
        }
        List<Rejected> rejected = new ArrayList<>(0);
        try {
            List<IpPrefix> slices = slices(node);
            if (!own) {
                requireVxlan(node);
            }
            Cluster.Node read = new Cluster.Node(name, List.of(), List.of(), null, null);
            boolean any = slices.isEmpty();
            for (IpPrefix slice : slices) {
                boolean ipv6 = slice.address().ipv6();
                try {
                    Cluster.Node part = own ? own(node, slice) : peer(node, slice);
                    // Two of one family are the overlay's to refuse.
                    read = read.slice(ipv6) == null ? read.with(part, ipv6) : whole(read, slices);
                    any = true;
                } catch (UnfitException e) {
                    rejected.add(new Rejected(name, slices.size() < 2 ? null : Family.of(ipv6), e.getMessage()));
                }
            }
            return any
                    ? new KnownNode.Joined(read, rejected, health(node))
                    : new KnownNode.Unfit(rejected, health(node));
        } catch (UnfitException e) {
            return new KnownNode.Unfit(List.of(new Rejected(name, e.getMessage())), health(node));
        }
    }

    private static Cluster.Node whole(Cluster.Node node, List<IpPrefix> slices) {
        return new Cluster.Node(node.name(), slices, node.addresses(), node.mac(), node.macV6(), node.sources());
    }

    /** By its condition Ready, which the control plane turns to Unknown where a kubelet is silent. */
    private static Health health(KubeNode node) {
        KubeNode.Status status = node.getStatus();
        List<KubeNode.Condition> conditions = status == null ? null : status.conditions();
        for (KubeNode.Condition each : conditions == null ? List.<KubeNode.Condition>of() : conditions) {
            if (READY.equals(each.type())) {
                return "True".equals(each.status())
                        ? Health.READY
                        : "Unknown".equals(each.status()) ? Health.SILENT : Health.REPORTING;
            }
        }
        return Health.REPORTING;
    }

    private void requireVxlan(KubeNode node) throws UnfitException {
        String type = annotation(node, AnnotationNames.BACKEND_TYPE);
        if (!"vxlan".equals(type)) {
            throw new UnfitException("its " + names.full(AnnotationNames.BACKEND_TYPE) + " is " + quoted(type)
                    + ", this cluster's \"vxlan\": its flannel has another net-conf.json");
        }
    }

    private Cluster.Node peer(KubeNode node, IpPrefix slice) throws UnfitException {
        boolean ipv6 = slice.address().ipv6();
        String name = ipv6 ? AnnotationNames.PUBLIC_IPV6 : AnnotationNames.PUBLIC_IP;
        IpAddress address = address(name, annotation(node, name), ipv6);
        MacAddress mac = mac(node, ipv6 ? AnnotationNames.BACKEND_V6_DATA : AnnotationNames.BACKEND_DATA);
        return part(node, slice, List.of(address), mac, sources(node, address));
    }

    /**
     * A node that is reached by a public address sends from its own all the same, unless something in between translates that: flanneld does
     * with the annotation {@code public-ip-overwrite}, and so does this agent where the host does not have it.
     */
    private static List<IpAddress> sources(KubeNode node, IpAddress address) {
        return internalAddresses(node).stream()
                .filter(own -> own.ipv6() == address.ipv6() && !own.equals(address))
                .toList();
    }

    private static Cluster.Node part(
            KubeNode node,
            IpPrefix slice,
            List<IpAddress> addresses,
            @Nullable MacAddress mac,
            List<IpAddress> sources) {
        boolean ipv6 = slice.address().ipv6();
        return new Cluster.Node(
                node.getMetadata().getName(), List.of(slice), addresses, ipv6 ? null : mac, ipv6 ? mac : null, sources);
    }

    /** The addresses that the cluster knows a node by: of each family, the first InternalIP of its status. */
    static List<IpAddress> internalAddresses(KubeNode node) {
        List<IpAddress> found = new ArrayList<>(2);
        KubeNode.Status status = node.getStatus();
        List<KubeNode.Address> all = status == null ? null : status.addresses();
        for (KubeNode.Address each : all == null ? List.<KubeNode.Address>of() : all) {
            String text = each.address();
            IpAddress address = text == null || !INTERNAL_IP.equals(each.type()) ? null : IpAddress.tryParse(text);
            if (address != null && found.stream().noneMatch(other -> other.ipv6() == address.ipv6())) {
                found.add(address);
            }
        }
        return found;
    }

    /** This node needs no annotation; those that it has for its addresses are an operator's. */
    private Cluster.Node own(KubeNode node, IpPrefix slice) throws UnfitException {
        boolean ipv6 = slice.address().ipv6();
        String input = ipv6 ? AnnotationNames.PUBLIC_IPV6_OVERWRITE : AnnotationNames.PUBLIC_IP_OVERWRITE;
        String value = annotation(node, input);
        if (value == null || value.isEmpty()) {
            input = ipv6 ? AnnotationNames.NODE_PUBLIC_IPV6 : AnnotationNames.NODE_PUBLIC_IP;
            value = annotation(node, input);
        }
        List<IpAddress> addresses = value == null || value.isEmpty() ? List.of() : List.of(address(input, value, ipv6));
        return part(
                node,
                slice,
                addresses,
                ownMac(node, ipv6 ? AnnotationNames.BACKEND_V6_DATA : AnnotationNames.BACKEND_DATA),
                List.of());
    }

    /** The MAC address it had before, under flanneld or in an earlier run; null for a new one. */
    private @Nullable MacAddress ownMac(KubeNode node, String name) {
        try {
            return annotation(node, name) == null ? null : mac(node, name);
        } catch (UnfitException _) {
            return null; // written anew by this node
        }
    }

    private List<IpPrefix> slices(KubeNode node) throws UnfitException {
        List<IpPrefix> slices = new ArrayList<>(2);
        for (String text : node.podCidrs()) {
            IpPrefix slice = IpPrefix.tryParse(text);
            if (slice == null) {
                throw new UnfitException("its podCIDR " + quoted(text) + " is no prefix");
            }
            if (conf.has(slice.address().ipv6())) {
                slices.add(slice.network());
            }
        }
        return slices;
    }

    private IpAddress address(String name, @Nullable String text, boolean ipv6) throws UnfitException {
        IpAddress address = text == null ? null : IpAddress.tryParse(text);
        if (address == null || address.ipv6() != ipv6) {
            throw new UnfitException("its " + names.full(name) + " is " + quoted(text) + ", which is no "
                    + (ipv6 ? "IPv6" : "IPv4") + " address");
        }
        return address;
    }

    private MacAddress mac(KubeNode node, String name) throws UnfitException {
        String text = annotation(node, name);
        JsonNode data = json(text);
        JsonNode mac = data == null ? null : data.get("VtepMAC");
        MacAddress address = mac == null || !mac.isTextual() ? null : MacAddress.tryParse(mac.textValue());
        if (data == null || address == null || address.isMulticast() || address.value() == 0) {
            throw new UnfitException(
                    "its " + names.full(name) + " is " + quoted(text) + ", in which there is no VtepMAC");
        }
        // flannel before 0.13 wrote no VNI.
        JsonNode vni = data.get("VNI");
        if (vni != null && !(vni.isIntegralNumber() && vni.canConvertToInt() && vni.intValue() == conf.vni())) {
            throw new UnfitException(
                    "its VNI is " + vni + ", this cluster's " + conf.vni() + ": its flannel has another net-conf.json");
        }
        return address;
    }

    private static @Nullable JsonNode json(@Nullable String text) {
        try {
            return text == null ? null : MAPPER.readTree(text);
        } catch (JsonProcessingException _) {
            return null;
        }
    }

    private @Nullable String annotation(KubeNode node, String name) {
        Map<String, String> annotations = node.getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get(names.full(name));
    }

    private static String quoted(@Nullable String text) {
        return text == null ? "missing" : '"' + text + '"';
    }

    /** Why a node cannot be served, in one line. */
    private static final class UnfitException extends Exception {
        private static final long serialVersionUID = 1;

        UnfitException(String message) {
            super(message, null, false, false);
        }

        @Override
        public String getMessage() {
            return String.valueOf(super.getMessage());
        }
    }
}
