package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

import io.towpath.netlink.AttributeReader;
import io.towpath.netlink.Monitor;
import io.towpath.netlink.NetNs;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.NetlinkSocket;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * That something of nftables changed: enough to know whether to look. The objects of a transaction come first, then its generation.
 *
 * @param kind what changed
 * @param gone whether it is there no more
 * @param table the table that it is or is in, without comment and handle; of a generation none, with an empty name
 * @param generation of a generation its number, else 0
 * @param port of the socket that changed it, 0 if nobody knows
 */
public record NftEvent(Kind kind, boolean gone, Table table, int generation, int port) {
    private static final Table NONE = Table.of(Family.OTHER, "");

    /** That events are missing. */
    public static final NftEvent LOSS = new NftEvent(Kind.LOST, false, NONE, 0, 0);

    /** What can change. */
    public enum Kind {
        TABLE,
        CHAIN,
        RULE,
        SET,
        ELEMENTS,
        OBJECT,
        FLOWTABLE,
        GENERATION,
        /** Anything: news did not fit or could not be read. */
        LOST
    }

    /**
     * Has a monitor tell all changes of nftables in a network namespace.
     *
     * @param netNs the namespace, null for the calling thread's own
     */
    public static void subscribe(Monitor monitor, @Nullable NetNs netNs, Consumer<NftEvent> listener)
            throws NetlinkException {
        Monitor.Listener decoding = new Monitor.Listener() {
            @Override
            public void message(int type, int port, ByteBuffer payload) throws NetlinkException {
                NftEvent event = read(type, port, payload);
                if (event != null) {
                    listener.accept(event);
                }
            }

            @Override
            public void lost() {
                listener.accept(LOSS);
            }
        };
        monitor.subscribe(NetlinkSocket.NETLINK_NETFILTER, netNs, decoding, NFNLGRP_NFTABLES);
    }

    /** The event, null if the message is of no kind known here. */
    static @Nullable NftEvent read(int type, int port, ByteBuffer payload) throws NetlinkException {
        if (type >>> 8 != NFNL_SUBSYS_NFTABLES) {
            return null;
        }
        int message = type & 0xff;
        return switch (message) {
            case NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE -> of(Kind.TABLE, message == NFT_MSG_DELTABLE, port, payload);
            case NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN -> of(Kind.CHAIN, message == NFT_MSG_DELCHAIN, port, payload);
            case NFT_MSG_NEWRULE, NFT_MSG_DELRULE -> of(Kind.RULE, message == NFT_MSG_DELRULE, port, payload);
            case NFT_MSG_NEWSET, NFT_MSG_DELSET -> of(Kind.SET, message == NFT_MSG_DELSET, port, payload);
            case NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM ->
                of(Kind.ELEMENTS, message == NFT_MSG_DELSETELEM, port, payload);
            case NFT_MSG_NEWOBJ, NFT_MSG_DELOBJ -> of(Kind.OBJECT, message == NFT_MSG_DELOBJ, port, payload);
            case NFT_MSG_NEWFLOWTABLE, NFT_MSG_DELFLOWTABLE ->
                of(Kind.FLOWTABLE, message == NFT_MSG_DELFLOWTABLE, port, payload);
            case NFT_MSG_NEWGEN -> generation(port, payload);
            default -> null;
        };
    }

    /** All objects have the name of their table in the first attribute. */
    private static NftEvent of(Kind kind, boolean gone, int port, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, NftCodec.HEADER_LENGTH);
        String table = "";
        while (in.next()) {
            if (in.type() == NFTA_TABLE_NAME) {
                table = in.string();
            }
        }
        return new NftEvent(kind, gone, Table.of(NftCodec.family(payload), table), 0, port);
    }

    private static NftEvent generation(int port, ByteBuffer payload) throws NetlinkException {
        AttributeReader in = new AttributeReader(payload, NftCodec.HEADER_LENGTH);
        int generation = 0;
        while (in.next()) {
            if (in.type() == NFTA_GEN_ID) {
                generation = in.be32();
            }
        }
        return new NftEvent(Kind.GENERATION, false, NONE, generation, port);
    }
}
