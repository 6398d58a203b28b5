package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Dns;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.protocol.Result;
import io.towpath.ipam.Attachment;
import io.towpath.net.IpAddress;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** The addresses of a network on this node, as the verbs need them. */
public interface Leases {
    /**
     * What a pod gets.
     *
     * @param addresses at least one
     * @param routes what the IPAM configuration wants in the pod; empty for the default
     * @param dns what the IPAM configuration says about name resolution
     * @param mtu what the overlay lets pass in one piece, in bytes; 0 if the node's state does not tell
     */
    record Grant(List<IpAddress> addresses, List<Result.Route> routes, Dns dns, int mtu) {}

    /** A configuration that was found good. */
    interface Offer {
        /**
         * Takes addresses for the attachment.
         *
         * @param nodeStateIsNew whether the node's state may have changed since the configuration was read
         * @throws CniException if it has some already, or none is free; nothing has changed then
         */
        Grant take(boolean nodeStateIsNew) throws CniException, IOException;
    }

    /**
     * Reads the configuration and changes nothing. That there is no node state yet is no failure here.
     *
     * @throws CniException if it is wrong
     */
    Offer read(Request request) throws CniException, IOException;

    /** Gives back all addresses of the request's attachment. That there are none is no failure. */
    void release(Request request) throws CniException, IOException;

    /** Fails if the addresses are not leased to the request's attachment. */
    void check(Request request, List<IpAddress> addresses) throws CniException, IOException;

    /** The attachments of the request's network that have a lease. */
    Set<Attachment> holders(Request request) throws CniException, IOException;

    /** Gives back the addresses of all attachments but these. */
    void retain(Request request, Set<Attachment> keep) throws CniException, IOException;

    /**
     * Fails with code 50 if there is no address for a further pod.
     *
     * @param stateWillCome whether ADD would have a node state, though there is none yet
     */
    void status(Request request, boolean stateWillCome) throws CniException, IOException;
}
