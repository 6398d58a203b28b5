package io.towpath.cni.protocol;

import java.io.IOException;

/**
 * What a plugin does for the verbs that touch the node. A {@link CniException} is answered as it is, anything else
 * thrown with code 999.
 */
public interface Verbs {
    /** Attaches the container. A failure must leave nothing behind. */
    Result add(Request request) throws CniException, IOException;

    /**
     * Detaches the container; what is missing already is no failure. Also called with the request of an ADD whose result
     * could not be handed over.
     */
    void del(Request request) throws CniException, IOException;

    /** Compares the node with {@code prevResult}, which is present. */
    void check(Request request) throws CniException, IOException;

    /**
     * Removes what belongs to attachments that are not among {@link NetConf#validAttachments()}; nothing if that is null.
     */
    void gc(Request request) throws CniException, IOException;

    /** Fails with code 50 or 51 if ADD could not be served. */
    void status(Request request) throws CniException, IOException;
}
