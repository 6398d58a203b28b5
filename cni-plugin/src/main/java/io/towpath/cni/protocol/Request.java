package io.towpath.cni.protocol;

/**
 * One call of a runtime, validated as far as that is possible without looking at the node.
 *
 * @param verb never VERSION, which is answered without a request
 * @param containerId letters, digits, {@code _ . -}; empty for GC and STATUS
 * @param netns the path of the container's network namespace; may be empty or lead nowhere for DEL, empty for GC and
 *     STATUS
 * @param ifName the interface inside the container, a name that the kernel takes; empty for GC and STATUS
 * @param args {@code CNI_ARGS}
 * @param netnsOverride whether {@code CNI_NETNS} may be this process's own namespace ({@code CNI_NETNS_OVERRIDE})
 * @param conf the network configuration
 */
public record Request(
        Verb verb,
        String containerId,
        String netns,
        String ifName,
        CniArgs args,
        boolean netnsOverride,
        NetConf conf) {}
