package io.towpath.netlink.rtnl;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import io.towpath.netlink.NetlinkException;
import io.towpath.netlink.Recorded;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.jspecify.annotations.Nullable;

class DecoderFuzzTest {
    private static final List<byte[]> MESSAGES = Recorded.messages();

    /** A change of one byte, at a position and to a value that are taken modulo what there is. */
    record Change(int at, byte value) {}

    @Provide
    Arbitrary<byte[]> mutated() {
        Arbitrary<byte[]> message = Arbitraries.of(MESSAGES);
        Arbitrary<Byte> value = Arbitraries.oneOf(
                Arbitraries.bytes(), Arbitraries.of((byte) 0, (byte) 1, (byte) 3, (byte) 4, (byte) 0x7f, (byte) 0xff));
        Arbitrary<Change> change = Combinators.combine(Arbitraries.integers().between(0, 2000), value)
                .as(Change::new);
        Arbitrary<Integer> cut = Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.just(0)),
                Tuple.of(1, Arbitraries.integers().between(0, 2000)));
        return Combinators.combine(message, change.list().ofMaxSize(8), cut).as(DecoderFuzzTest::mutate);
    }

    private static byte[] mutate(byte[] message, List<Change> changes, int cut) {
        byte[] result = Arrays.copyOf(message, message.length - cut % (message.length - 15));
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
            decoder.decode(Recorded.payload(message));
        } catch (NetlinkException e) {
            assertTrue(e.is(Errno.EBADMSG), e.getMessage());
        }
    }

    @Property(tries = 20_000)
    void nothingButNetlinkExceptionComesOfMutatedMessages(@ForAll("mutated") byte[] message) {
        survives(message, payload -> LinkDecoder.read(Rtnetlink.RTM_NEWLINK, payload));
        survives(message, payload -> AddressCodec.read(Rtnetlink.RTM_NEWADDR, payload));
        survives(message, payload -> RouteCodec.read(Rtnetlink.AF_INET, Rtnetlink.RTM_NEWROUTE, payload));
        survives(message, payload -> DefaultRoutes.read(Rtnetlink.AF_INET, Rtnetlink.RTM_NEWROUTE, payload));
        survives(message, payload -> DefaultRoutes.readNexthop(Rtnetlink.RTM_NEWNEXTHOP, payload));
        survives(message, payload -> RouteCodec.read(Rtnetlink.AF_INET6, Rtnetlink.RTM_NEWROUTE, payload));
        survives(message, payload -> NeighbourCodec.read(Rtnetlink.RTM_NEWNEIGH, payload));
        survives(message, payload -> NeighbourCodec.readFdb(Rtnetlink.RTM_NEWNEIGH, payload));
        survives(message, payload -> TrafficCodec.readQdisc(TrafficControl.RTM_NEWQDISC, payload));
        survives(message, payload -> TrafficCodec.readFilter(TrafficControl.RTM_NEWTFILTER, payload));
        survives(message, payload -> Rtnl.readNsid(Rtnetlink.RTM_NEWNSID, payload));
    }

    @Property(tries = 5_000)
    void nothingButNetlinkExceptionComesOfNoise(@ForAll byte[] noise) {
        byte[] message = Arrays.copyOf(noise, Math.max(16, noise.length));
        nothingButNetlinkExceptionComesOfMutatedMessages(message);
    }
}
