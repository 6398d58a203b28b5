package io.towpath.cni.protocol;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.towpath.ipam.Attachment;
import io.towpath.net.MacAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The network configuration of one call: what the operator wrote and what the runtime added.
 *
 * @param cniVersion the version of configuration and answer, one of {@link CniVersion#SUPPORTED}
 * @param name the network's name: letters, digits, {@code _ . -}, at most 255
 * @param type the name under which the executable was configured; may be empty
 * @param mtu bytes, 68..65535; 0 to follow the underlay
 * @param clusterFile absolute path of the cluster file
 * @param stateDir absolute path of the folder of the node state file and of locks
 * @param subnetEnv absolute path of flannel's environment file
 * @param includeDefaultRoutes whether the pod gets the default routes too, where the IPAM configuration names others
 * @param dns what the result is to say about name resolution
 * @param runtimeConfig what the runtime asks of this attachment
 * @param mac the hardware address asked for, by capability, {@code args.cni.mac} or {@code CNI_ARGS}, in this order
 * @param policy what a pod waits for, for ADD and STATUS; null for nothing
 * @param prevResult the result of the plugin before (ADD) or of the whole ADD (CHECK, DEL); null if there was none
 * @param validAttachments GC: the attachments to keep; null if the runtime did not say, and nothing may be removed then
 * @param tree the whole document, for the IPAM's part of it
 */
public record NetConf(
        String cniVersion,
        String name,
        String type,
        int mtu,
        String clusterFile,
        String stateDir,
        String subnetEnv,
        boolean includeDefaultRoutes,
        Dns dns,
        RuntimeConfig runtimeConfig,
        @Nullable MacAddress mac,
        @Nullable PolicyConf policy,
        @Nullable Result prevResult,
        @Nullable Set<Attachment> validAttachments,
        ObjectNode tree) {
    public static final String DEFAULT_CLUSTER_FILE = "/etc/towpath/cluster.json";
    public static final String DEFAULT_STATE_DIR = "/run/towpath";
    public static final String DEFAULT_SUBNET_ENV = "/run/flannel/subnet.env";

    /** The {@code ipam} object as it came; a missing node if there is none. */
    public JsonNode ipam() {
        return tree.path("ipam");
    }
}
