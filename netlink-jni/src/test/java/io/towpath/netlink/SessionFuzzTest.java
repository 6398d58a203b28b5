package io.towpath.netlink;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever comes in, a session ends with an answer or with a {@link NetlinkException}. */
class SessionFuzzTest {
    private static final List<byte[]> MESSAGES = Recorded.messages();

    @Provide
    Arbitrary<List<byte[]>> datagrams() {
        Arbitrary<byte[]> whole = Arbitraries.of(MESSAGES);
        Arbitrary<byte[]> damaged = Combinators.combine(
                        whole, Arbitraries.integers().between(0, 40), Arbitraries.bytes())
                .as((message, at, value) -> {
                    byte[] copy = Arrays.copyOf(message, message.length);
                    copy[at % copy.length] = value;
                    return copy;
                });
        Arbitrary<byte[]> cut = Combinators.combine(
                        whole, Arbitraries.integers().between(0, 100))
                .as((message, length) -> Arrays.copyOf(message, Math.min(length, message.length)));
        return Arbitraries.oneOf(whole, damaged, cut).list().ofMaxSize(10);
    }

    @FunctionalInterface
    private interface Use {
        void of(Netlink netlink) throws NetlinkException;
    }

    private static void survives(List<byte[]> datagrams, Use use) {
        ScriptedTransport transport = new ScriptedTransport();
        datagrams.forEach(transport::answer);
        try (Netlink netlink = new Netlink(transport)) {
            use.of(netlink);
        } catch (NetlinkException e) {
            // The only other way a session may end.
            return;
        }
    }

    @Property(tries = 10_000)
    void everyUseEnds(@ForAll("datagrams") List<byte[]> datagrams) {
        Requests requests = new Requests();
        requests.add(18, Nl.NLM_F_DUMP, "link", "list").u32(0).end();
        survives(datagrams, netlink -> netlink.dump(requests, (type, payload) -> payload));
        survives(datagrams, netlink -> netlink.get(requests, (type, payload) -> payload));
        survives(datagrams, netlink -> netlink.submit(requests));
    }
}
