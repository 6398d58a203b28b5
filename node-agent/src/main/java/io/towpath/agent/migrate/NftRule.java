package io.towpath.agent.migrate;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.nft.Expression;
import io.towpath.netlink.nft.Rule;
import io.towpath.netlink.xtables.XRule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A rule that iptables-nft has put into nftables: its comments are matches of iptables, which nftables does not look into. */
final class NftRule {
    private static final String MATCH = "match";
    private static final String COMMENT = "comment";

    // linux/netfilter/nf_tables_compat.h
    private static final int NFTA_MATCH_NAME = 1;
    private static final int NFTA_MATCH_INFO = 3;

    private NftRule() {}

    static XRule read(Rule rule) {
        String jump = "";
        List<String> comments = new ArrayList<>();
        if (!rule.comment().isEmpty()) {
            comments.add(rule.comment());
        }
        for (Expression expression : rule.expressions()) {
            switch (expression) {
                case Expression.Decide decide -> jump = decide.verdict().chain();
                case Expression.Other other -> {
                    String comment =
                            other.name().equals(MATCH) ? comment(other.data().bytes()) : null;
                    if (comment != null) {
                        comments.add(comment);
                    }
                }
                default -> {}
            }
        }
        return new XRule(rule.chain(), jump, comments);
    }

    /** What {@code -m comment} says; null for another match, or one that cannot be read. */
    private static @Nullable String comment(byte[] match) {
        String name = "";
        byte[] info = new byte[0];
        try {
            AttributeReader in = new AttributeReader(ByteBuffer.wrap(match).order(ByteOrder.nativeOrder()), 0);
            while (in.next()) {
                switch (in.type()) {
                    case NFTA_MATCH_NAME -> name = in.string();
                    case NFTA_MATCH_INFO -> info = in.bytes();
                    default -> {}
                }
            }
        } catch (NetlinkException _) {
            return null; // nobody's we know
        }
        if (!name.equals(COMMENT)) {
            return null;
        }
        String text = new String(info, StandardCharsets.UTF_8);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }
}
