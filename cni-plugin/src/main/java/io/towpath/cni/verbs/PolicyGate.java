package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.wiring.Endpoint;

/** The policies of the cluster, as the verbs need them. */
public interface PolicyGate {
    /**
     * Finds out whether a pod can be told from others; changes nothing.
     *
     * @throws CniException if policies are to hold for it, and the runtime did not say which pod it is
     */
    void requirePod(Request request) throws CniException;

    /**
     * Waits until what the policies say of a pod is in force; also for somebody who puts it into force, if nobody is there.
     *
     * @throws PolicyException if it is not in time
     */
    void await(Request request, Endpoint endpoint) throws PolicyException;

    /**
     * Whether the pod that a link was made for is deleted from the cluster; false as well if nobody can tell.
     *
     * @param hostName the name of the link's end on the node, made from the pod's name alone
     */
    boolean isDeleted(Request request, String hostName);
}
