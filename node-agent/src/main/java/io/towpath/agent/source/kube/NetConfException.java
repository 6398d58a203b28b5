package io.towpath.agent.source.kube;

/** {@code net-conf.json} cannot be read, or asks for what Towpath does not do. The message is one line with the mend. */
public final class NetConfException extends Exception {
    private static final long serialVersionUID = 1;

    NetConfException(String message) {
        super(message);
    }
}
