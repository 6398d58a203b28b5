package io.towpath.cni.wiring;

import io.towpath.netlink.rtnl.Link;
import java.io.IOException;

/** A pod's link made in the order of ADD, and taken back as there. */
public final class WholeLink {
    private WholeLink() {}

    /** The host's end. After a failure nothing is left. */
    public static Link connect(Namespaces namespaces, LinkSetup setup, Namespaces.Pod pod, Endpoint endpoint)
            throws IOException {
        Link link = setup.create(pod, endpoint);
        try {
            setup.writeSettings(endpoint, link);
            setup.checkSources(endpoint);
            setup.bringUp(pod, endpoint, link);
            setup.addRoutes(endpoint, link);
            return link;
        } catch (IOException failure) {
            new LinkRemoval(namespaces).disconnect(link, endpoint.mark());
            throw failure;
        }
    }
}
