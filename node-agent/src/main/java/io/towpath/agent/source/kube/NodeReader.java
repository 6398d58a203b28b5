package io.towpath.agent.source.kube;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.net.MacAddress;
import io.towpath.overlay.Cluster;
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
        try {
            if (name.equals(self)) {
                return new KnownNode.Joined(own(node));
            }
            if (!"true".equals(annotation(node, AnnotationNames.MANAGED))) {
                return KnownNode.Absent.INSTANCE;
            }
            return new KnownNode.Joined(peer(node));
        } catch (UnfitException e) {
            return new KnownNode.Unfit(new Rejected(name, e.getMessage()));
        }
    }

    private Cluster.Node peer(KubeNode node) throws UnfitException {
        String type = annotation(node, AnnotationNames.BACKEND_TYPE);
        if (!"vxlan".equals(type)) {
            throw new UnfitException("its " + names.full(AnnotationNames.BACKEND_TYPE) + " is " + quoted(type)
                    + ", this cluster's \"vxlan\": its flannel has another net-conf.json");
        }
        List<IpPrefix> slices = slices(node);
        List<IpAddress> addresses = new ArrayList<>(2);
        @Nullable MacAddress[] macs = new MacAddress[2];
        for (IpPrefix slice : slices) {
            boolean ipv6 = slice.address().ipv6();
            String address = ipv6 ? AnnotationNames.PUBLIC_IPV6 : AnnotationNames.PUBLIC_IP;
            addresses.add(address(address, annotation(node, address), ipv6));
            macs[ipv6 ? 1 : 0] = mac(node, ipv6 ? AnnotationNames.BACKEND_V6_DATA : AnnotationNames.BACKEND_DATA);
        }
        return new Cluster.Node(node.getMetadata().getName(), slices, addresses, macs[0], macs[1]);
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
    private Cluster.Node own(KubeNode node) throws UnfitException {
        List<IpPrefix> slices = slices(node);
        List<IpAddress> addresses = new ArrayList<>(2);
        for (IpPrefix slice : slices) {
            boolean ipv6 = slice.address().ipv6();
            String input = ipv6 ? AnnotationNames.PUBLIC_IPV6_OVERWRITE : AnnotationNames.PUBLIC_IP_OVERWRITE;
            String value = annotation(node, input);
            if (value == null || value.isEmpty()) {
                input = ipv6 ? AnnotationNames.NODE_PUBLIC_IPV6 : AnnotationNames.NODE_PUBLIC_IP;
                value = annotation(node, input);
            }
            if (value != null && !value.isEmpty()) {
                addresses.add(address(input, value, ipv6));
            }
        }
        return new Cluster.Node(
                node.getMetadata().getName(),
                slices,
                addresses,
                ownMac(node, AnnotationNames.BACKEND_DATA),
                ownMac(node, AnnotationNames.BACKEND_V6_DATA));
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
