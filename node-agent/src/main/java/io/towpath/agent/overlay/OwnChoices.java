package io.towpath.agent.overlay;

import io.towpath.net.IpAddress;
import io.towpath.overlay.UnderlayChoice;
import java.util.List;

/**
 * What an operator says of this node alone, beside a live cluster.
 *
 * @param underlay which interface tunnel packets leave by
 * @param publicAddresses what the other nodes reach this one by, if not by an address of that interface: at most one of each
 *     family
 */
public record OwnChoices(UnderlayChoice underlay, List<IpAddress> publicAddresses) {
    /** Nothing at all. */
    public static final OwnChoices NONE = new OwnChoices(UnderlayChoice.AUTOMATIC, List.of());

    public OwnChoices {
        publicAddresses = List.copyOf(publicAddresses);
    }
}
