package io.towpath.netlink.nft;

import static io.towpath.netlink.nft.NfTables.*;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.net.IpAddress;
import io.towpath.net.IpPrefix;
import io.towpath.netlink.MessageWriter;
import io.towpath.netlink.NetlinkException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

class NftFuzzTest {
    private static final Table TABLE = Table.inet("t").withComment("c");
    private static final Chain INPUT = Chain.base(TABLE, "input", "filter", Hook.INPUT, 0);
    private static final NftSet PAIRS =
            NftSet.map(TABLE, "pairs", List.of(DataType.IPV4, DataType.PORT), List.of(DataType.MARK));
    private static final List<byte[]> MESSAGES = List.of(
            message(out -> NftCodec.writeBody(out, TABLE)),
            message(out -> NftCodec.writeBody(out, INPUT)),
            message(out -> SetCodec.writeBody(
                    out, PAIRS.withIntervals().withSize(5).withEach(List.of(new Expression.Counter(0, 0))), 1)),
            message(out -> ElementCodec.writeBody(
                    out,
                    TABLE,
                    "pairs",
                    ElementCodec.parts(
                            PAIRS.withIntervals(),
                            Element.of(IpPrefix.parse("10.0.0.0/8")).withComment("x")))),
            message(out -> NftCodec.writeBody(
                    out,
                    Rule.in(INPUT)
                            .iifname("cali*")
                            .saddr(IpPrefix.parse("10.0.0.0/9"))
                            .ctState(2)
                            .counter()
                            .limit(1, 2)
                            .map(PAIRS, Field.IP_DADDR, Field.DPORT)
                            .dnat(IpAddress.parse("fd00::1"), 80))));

    private static byte[] message(Consumer<MessageWriter> body) {
        MessageWriter out = new MessageWriter();
        body.accept(out);
        return out.toByteArray();
    }

    /** A change of one byte, at a position that is taken modulo what there is. */
    record Change(int at, byte value) {}

    @Provide
    Arbitrary<byte[]> mutated() {
        Arbitrary<Byte> value = Arbitraries.oneOf(
                Arbitraries.bytes(), Arbitraries.of((byte) 0, (byte) 1, (byte) 3, (byte) 4, (byte) 0x7f, (byte) 0xff));
        Arbitrary<Change> change = Combinators.combine(Arbitraries.integers().between(0, 2000), value)
                .as(Change::new);
        Arbitrary<Integer> cut = Arbitraries.integers().between(0, 400);
        return Combinators.combine(Arbitraries.of(MESSAGES), change.list().ofMaxSize(8), cut)
                .as(NftFuzzTest::mutate);
    }

    private static byte[] mutate(byte[] message, List<Change> changes, int cut) {
        byte[] result = Arrays.copyOf(message, Math.max(1, cut % 2 == 0 ? message.length : message.length - cut));
        for (Change change : changes) {
            result[change.at() % result.length] = change.value();
        }
        return result;
    }

    @FunctionalInterface
    private interface Decoder {
        @Nullable
        Object decode(ByteBuffer payload) throws NetlinkException;
    }

    private static void survives(byte[] message, Decoder decoder) {
        try {
            var _ = String.valueOf(decoder.decode(ByteBuffer.wrap(message).order(ByteOrder.nativeOrder())));
        } catch (NetlinkException e) {
            assertTrue(e.is(Errno.EBADMSG), e.getMessage());
        }
    }

    @Property(tries = 10_000)
    void nothingButNetlinkExceptionComesOfMutatedMessages(@ForAll("mutated") byte[] message) {
        survives(message, payload -> NftCodec.readTable(NftCodec.type(NFT_MSG_NEWTABLE), payload));
        survives(message, payload -> NftCodec.readChain(NftCodec.type(NFT_MSG_NEWCHAIN), payload));
        survives(message, payload -> NftCodec.readRule(NftCodec.type(NFT_MSG_NEWRULE), payload));
        survives(message, payload -> NftCodec.readGeneration(NftCodec.type(NFT_MSG_NEWGEN), payload));
        survives(message, payload -> SetCodec.read(NftCodec.type(NFT_MSG_NEWSET), payload));
        survives(message, payload -> {
            List<ElementCodec.Part> parts = ElementCodec.read(NftCodec.type(NFT_MSG_NEWSETELEM), payload);
            return parts == null
                    ? null
                    : ElementCodec.whole(NftSet.set(TABLE, "s", DataType.IPV4).withIntervals(), parts);
        });
        survives(message, payload -> ElementCodec.readCounters(NftCodec.type(NFT_MSG_NEWSETELEM), payload));
        for (int type = 0; type < NFT_MSG_DELFLOWTABLE; type++) {
            int each = type;
            survives(message, payload -> NftEvent.read(NftCodec.type(each), 0, payload));
        }
    }

    @Property(tries = 5_000)
    void nothingButNetlinkExceptionComesOfNoise(@ForAll byte[] noise) {
        nothingButNetlinkExceptionComesOfMutatedMessages(noise);
    }
}
