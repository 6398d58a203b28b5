package io.towpath.agent.migrate;

/**
 * Where everything is on a node.
 *
 * @param confDir the runtime's folder of conflists
 * @param binDir its folder of executables
 * @param cniDir the folder of what CNI plugins keep; {@code networks} in it has the leases
 * @param stateDir the node state's folder, which a boot empties
 * @param cacheDir what is kept for a boot
 * @param subnetFile flannel's environment file
 * @param lockFile of iptables-legacy
 */
public record Places(
        String confDir,
        String binDir,
        String cniDir,
        String stateDir,
        String cacheDir,
        String subnetFile,
        String lockFile) {
    /** Our conflist. */
    public static final String CONFLIST = "10-towpath.conflist";

    /** Our executable. */
    public static final String EXECUTABLE = "towpath";

    /** The agent's, which is beside it for commands on the node. */
    public static final String NODE_EXECUTABLE = "towpath-node";

    /** Where what was in force before is kept for the way back: a folder for each network. */
    String kept() {
        return cacheDir + "/migrate";
    }

    String leases() {
        return cniDir + "/networks";
    }
}
