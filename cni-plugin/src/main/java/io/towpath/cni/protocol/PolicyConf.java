package io.towpath.cni.protocol;

/**
 * What the operator wrote about network policies: that a pod waits until those that hold for it are in force.
 *
 * @param socket the absolute path of the agent's unix socket
 * @param waitSeconds how long ADD waits at most, 1 to {@value #LONGEST_WAIT_SECONDS}
 * @param isOptional whether ADD succeeds if they are not in force by then; the agent's rules keep such a pod from the network
 */
public record PolicyConf(String socket, int waitSeconds, boolean isOptional) {
    public static final String DEFAULT_SOCKET = "/run/towpath/agent.sock";

    /** More than the minute that an agent may be away while it is replaced. */
    public static final int DEFAULT_WAIT_SECONDS = 90;

    /**
     * Half of the 4 minutes that a kubelet gives a runtime for a sandbox (twice its {@code runtimeRequestTimeout}), so that it hears the
     * reason; and less than the 5 minutes after which the agent takes a lease without a link for a remnant.
     */
    public static final int LONGEST_WAIT_SECONDS = 120;
}
