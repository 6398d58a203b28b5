package io.towpath.cni.protocol;

/**
 * What the operator wrote about network policies: that a pod waits until those that hold for it are in force.
 *
 * @param socket the absolute path of the agent's unix socket
 * @param waitSeconds how long ADD waits at most, 1 to 120
 * @param isOptional whether ADD succeeds if they are not in force by then; the agent's rules keep such a pod from the network
 */
public record PolicyConf(String socket, int waitSeconds, boolean isOptional) {
    public static final String DEFAULT_SOCKET = "/run/towpath/agent.sock";

    /** Less than a runtime waits for an ADD. */
    public static final int DEFAULT_WAIT_SECONDS = 10;
}
