package io.towpath.agent.debug;

import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Chain;
import io.towpath.netlink.nft.Nft;
import io.towpath.netlink.nft.NftSet;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.rtnl.Link;
import io.towpath.netlink.rtnl.Rtnl;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the kernel has of links, addresses, routes and tables, an object a line. */
final class KernelState {
    private KernelState() {}

    private interface Reading {
        void into(Rtnl rtnl, StringBuilder text) throws NetlinkException;
    }

    static Map<String, Dump.Source> texts() {
        Map<String, Dump.Source> texts = new LinkedHashMap<>();
        texts.put("links.txt", read((rtnl, text) -> lines(text, rtnl.links())));
        texts.put("addresses.txt", read((rtnl, text) -> lines(text, rtnl.addresses())));
        texts.put("routes.txt", read((rtnl, text) -> lines(text, rtnl.routes())));
        texts.put("rules.txt", read((rtnl, text) -> {
            lines(text, rtnl.rules(false));
            lines(text, rtnl.rules(true));
        }));
        texts.put("neighbours.txt", read((rtnl, text) -> {
            for (Link link : rtnl.links()) {
                lines(text.append("# ").append(link.name()).append('\n'), rtnl.neighbours(link.index()));
            }
        }));
        texts.put("fdb.txt", read((rtnl, text) -> {
            for (Link link : rtnl.links()) {
                lines(text.append("# ").append(link.name()).append('\n'), rtnl.fdb(link.index()));
            }
        }));
        texts.put("nftables.txt", KernelState::tables);
        return texts;
    }

    private static Dump.Source read(Reading reading) {
        return () -> {
            StringBuilder text = new StringBuilder();
            try (Rtnl rtnl = Rtnl.open()) {
                reading.into(rtnl, text);
            }
            return text.toString();
        };
    }

    /** Of all tables the names; of ours what is in them. */
    private static String tables() throws NetlinkException {
        StringBuilder text = new StringBuilder();
        try (Nft nft = Nft.open()) {
            for (Table table : nft.tables()) {
                text.append("# ").append(table).append('\n');
                if (!table.name().startsWith("towpath-")) {
                    continue;
                }
                for (Chain chain : nft.chains(table)) {
                    lines(text.append(chain).append('\n'), nft.rules(chain));
                }
                for (NftSet set : nft.sets(table)) {
                    lines(text.append(set).append('\n'), nft.elements(set));
                }
            }
        }
        return text.toString();
    }

    private static void lines(StringBuilder text, Collection<?> all) {
        all.forEach(each -> text.append(each).append('\n'));
    }
}
