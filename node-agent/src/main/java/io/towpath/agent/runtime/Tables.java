package io.towpath.agent.runtime;

import io.towpath.agent.log.Log;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.table.TableManager;
import org.jspecify.annotations.Nullable;

/** The owner of a thread's nftables tables, opened when it is first asked for. */
final class Tables implements AutoCloseable {
    private final Log log;
    private @Nullable TableManager manager;

    Tables(Log log) {
        this.log = log;
    }

    TableManager manager() throws NetlinkException {
        TableManager open = manager;
        if (open == null) {
            open = TableManager.open(
                    null,
                    remake -> log.warn(
                            remake.isWhole() ? "nftables table made anew" : "nftables sets made anew",
                            "table",
                            remake.table(),
                            "problem",
                            remake.why(),
                            "lost",
                            remake.lost()));
            manager = open;
        }
        return open;
    }

    @Override
    public void close() {
        if (manager != null) {
            manager.close();
        }
    }
}
