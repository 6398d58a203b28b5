package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;

/**
 * What becomes of a packet.
 *
 * @param code NF_* or NFT_* of the kernel
 * @param chain where to jump or go, else empty
 */
public record Verdict(int code, String chain) {
    public static final Verdict ACCEPT = new Verdict(NF_ACCEPT, "");
    public static final Verdict DROP = new Verdict(NF_DROP, "");
    /** Back to the chain that jumped here. */
    public static final Verdict RETURN = new Verdict(NFT_RETURN, "");
    /** On with the next rule. */
    public static final Verdict CONTINUE = new Verdict(NFT_CONTINUE, "");

    public static Verdict jump(String chain) {
        return new Verdict(NFT_JUMP, chain);
    }

    /** As a jump, but without a way back. */
    public static Verdict goTo(String chain) {
        return new Verdict(NFT_GOTO, chain);
    }

    /** As {@code nft --debug=netlink} writes it. */
    @Override
    public String toString() {
        return switch (code) {
            case NF_ACCEPT -> "accept";
            case NF_DROP -> "drop";
            case NFT_RETURN -> "return";
            case NFT_CONTINUE -> "continue";
            case NFT_BREAK -> "break";
            case NFT_JUMP -> "jump -> " + chain;
            case NFT_GOTO -> "goto -> " + chain;
            default -> "verdict " + code;
        };
    }
}
