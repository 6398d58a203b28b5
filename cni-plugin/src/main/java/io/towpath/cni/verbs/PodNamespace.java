package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.protocol.Request;
import io.towpath.cni.wiring.Namespaces;
import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import org.jspecify.annotations.Nullable;

/** The namespace that {@code CNI_NETNS} names. */
final class PodNamespace {
    private PodNamespace() {}

    /** @throws CniException if it is missing, none, or the node's own */
    static Namespaces.Pod open(Namespaces node, Request request) throws CniException, NetlinkException {
        Namespaces.Pod pod;
        try {
            pod = node.pod(request.netns());
        } catch (NetlinkException e) {
            throw refused(request.netns(), e);
        }
        return foreign(pod, request);
    }

    /**
     * As {@link #open}, with null for a namespace that is gone, also if the file is left on which it was mounted: nothing can
     * be left inside then, and a DEL that fails would be sent for ever.
     */
    static Namespaces.@Nullable Pod openIfThere(Namespaces node, Request request)
            throws CniException, NetlinkException {
        if (request.netns().isEmpty()) {
            return null;
        }
        Namespaces.Pod pod;
        try {
            pod = node.pod(request.netns());
        } catch (NetlinkException e) {
            if (isGone(e)) {
                return null;
            }
            throw refused(request.netns(), e);
        }
        return foreign(pod, request);
    }

    private static boolean isGone(NetlinkException e) {
        return e.is(Errno.EINVAL) || isNoPath(e);
    }

    private static boolean isNoPath(NetlinkException e) {
        return e.is(Errno.ENOENT) || e.is(Errno.ENOTDIR) || e.is(Errno.ENAMETOOLONG) || e.is(Errno.ELOOP);
    }

    private static CniException refused(String path, NetlinkException e) {
        if (isNoPath(e)) {
            return new CniException(CniException.INVALID_ENVIRONMENT, "invalid CNI_NETNS: there is no " + path, "", e);
        }
        if (e.is(Errno.EINVAL)) {
            return new CniException(
                    CniException.INVALID_NETNS, "invalid CNI_NETNS: " + path + " is not a network namespace", "", e);
        }
        return new CniException(CniException.IO_FAILURE, String.valueOf(e.getMessage()), "", e);
    }

    private static Namespaces.Pod foreign(Namespaces.Pod pod, Request request) throws CniException, NetlinkException {
        boolean good = false;
        try {
            if (!request.netnsOverride() && pod.isHost()) {
                throw CniException.ownNamespace();
            }
            good = true;
            return pod;
        } finally {
            if (!good) {
                pod.close();
            }
        }
    }
}
