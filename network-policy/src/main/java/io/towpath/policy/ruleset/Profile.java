package io.towpath.policy.ruleset;

import io.towpath.net.IpAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an isolated pod may do in one direction, by the peer's address. The first that knows the address decides, and with it
 * everything that applies to it: {@code addresses}, {@code pods}, {@code blocks}, {@code rest}.
 *
 * @param name at most 40 letters, digits and hyphens; stays when rules change
 * @param addresses peers by their address
 * @param pods the outcome for all pods of the cluster, null if there is none for all
 * @param blocks by address, none of which overlap
 */
public record Profile(
        String name,
        Direction direction,
        Map<IpAddress, Outcome> addresses,
        @Nullable Outcome pods,
        List<Block> blocks,
        Outcome rest) {
    public Profile {
        blocks = List.copyOf(blocks);
    }
}
