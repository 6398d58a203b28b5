package io.towpath.netlink;

import static io.towpath.netlink.Nl.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.linux.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class NetlinkTest {
    private static final int TYPE = 42;

    private final ScriptedTransport transport = new ScriptedTransport();
    private final Netlink netlink = new Netlink(transport);

    private static Requests requests(int count, int flags) {
        Requests requests = new Requests();
        for (int i = 0; i < count; i++) {
            requests.add(TYPE, flags, "do", i).u32(i).end();
        }
        return requests;
    }

    private static byte[] message(int type, int flags, int sequence, int port, int... words) {
        ByteBuffer message = ByteBuffer.allocate(NLMSG_HDRLEN + 4 * words.length)
                .order(ByteOrder.nativeOrder())
                .putInt(NLMSG_HDRLEN + 4 * words.length)
                .putShort((short) type)
                .putShort((short) flags)
                .putInt(sequence)
                .putInt(port);
        for (int word : words) {
            message.putInt(word);
        }
        return message.array();
    }

    private static byte[] error(int sequence, int errno) {
        return message(NLMSG_ERROR, NLM_F_CAPPED, sequence, Recorded.PORT_ID, -errno, 0, 0, 0, 0);
    }

    private static byte[] value(int sequence, int flags, int value) {
        return message(TYPE, flags, sequence, Recorded.PORT_ID, value);
    }

    private static byte[] done(int sequence, int flags) {
        return message(NLMSG_DONE, flags, sequence, Recorded.PORT_ID, 0);
    }

    private static byte[] joined(byte[]... messages) {
        ByteBuffer datagram = ByteBuffer.allocate(
                List.of(messages).stream().mapToInt(m -> m.length).sum());
        for (byte[] message : messages) {
            datagram.put(message);
        }
        return datagram.array();
    }

    private List<Integer> dump() throws NetlinkException {
        return netlink.dump(requests(1, NLM_F_DUMP), (type, payload) -> payload.getInt(0));
    }

    private int get() throws NetlinkException {
        return netlink.get(requests(1, 0), (type, payload) -> type == TYPE ? payload.getInt(0) : null);
    }

    private static short flagsOf(byte[] datagram, int at) {
        return ByteBuffer.wrap(datagram).order(ByteOrder.nativeOrder()).getShort(at + 6);
    }

    @Test
    void oneDatagramCarriesAllAndOnlyTheLastAsksForAnAnswer() throws Exception {
        transport.answer(error(3, 0));
        assertEquals(List.of(), netlink.submit(requests(3, NLM_F_CREATE)));
        assertEquals(1, transport.sent().size());
        byte[] sent = transport.sent().get(0);
        assertEquals(3 * 20, sent.length);
        assertEquals(NLM_F_REQUEST | NLM_F_CREATE, flagsOf(sent, 0));
        assertEquals(NLM_F_REQUEST | NLM_F_CREATE, flagsOf(sent, 20));
        assertEquals(NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, flagsOf(sent, 40));
    }

    @Test
    void manyRequestsGoInChunks() throws Exception {
        transport.answer(error(128, 0)).answer(error(130, Errno.EEXIST)).answer(error(200, 0));
        List<NetlinkException> failures = netlink.submit(requests(200, 0));
        assertEquals(2, transport.sent().size());
        assertEquals(128 * 20, transport.sent().get(0).length);
        assertEquals("do 129: EEXIST File exists", failures.get(0).getMessage());
        assertEquals(129, failures.get(0).index());
    }

    @Test
    void requestsOfManyBytesGoInChunksToo() throws Exception {
        Requests requests = new Requests();
        for (int i = 0; i < 3; i++) {
            requests.add(TYPE, 0, "do", i).bytes(1, new byte[20_000]).end();
        }
        transport.answer(error(1, 0)).answer(error(2, 0)).answer(error(3, 0));
        netlink.submit(requests);
        assertEquals(3, transport.sent().size());
    }

    @Test
    void nothingIsSentForNothing() throws Exception {
        assertEquals(List.of(), netlink.submit(new Requests()));
        assertEquals(List.of(), transport.sent());
    }

    @Test
    void batchMayBeSubmittedAgain() throws Exception {
        Requests requests = requests(2, 0);
        transport.answer(error(2, 0)).answer(error(4, 0));
        netlink.submit(requests);
        netlink.submit(requests);
        assertEquals(2, transport.sent().size());
    }

    @Test
    void answersToOthersAreLeftOut() throws Exception {
        transport
                .answer(message(TYPE, 0, 1, 99, 7))
                .answer(joined(value(0, 0, 8), message(NLMSG_NOOP, 0, 1, Recorded.PORT_ID), value(2, 0, 9)))
                .answer(value(1, 0, 10));
        assertEquals(10, get());
    }

    @Test
    void dumpIsReadOverSeveralDatagrams() throws Exception {
        transport.answer(joined(value(1, NLM_F_MULTI, 1), value(1, NLM_F_MULTI, 2)));
        transport.answer(joined(value(1, NLM_F_MULTI, 3), done(1, NLM_F_MULTI)));
        assertEquals(List.of(1, 2, 3), dump());
    }

    @Test
    void interruptedDumpIsReadToItsEndAndRepeated() throws Exception {
        transport.answer(joined(value(1, NLM_F_MULTI | NLM_F_DUMP_INTR, 1), value(1, NLM_F_MULTI, 2)));
        transport.answer(done(1, NLM_F_MULTI));
        transport.answer(joined(value(2, NLM_F_MULTI, 1), done(2, NLM_F_MULTI | NLM_F_DUMP_INTR)));
        transport.answer(joined(value(3, NLM_F_MULTI, 4), done(3, NLM_F_MULTI)));
        assertEquals(List.of(4), dump());
    }

    @Test
    void dumpThatFailsInTheMiddleIsAFailure() {
        transport.answer(value(1, NLM_F_MULTI, 1));
        transport.answer(message(NLMSG_DONE, NLM_F_MULTI, 1, Recorded.PORT_ID, -Errno.ENOMEM));
        NetlinkException failure = assertThrows(NetlinkException.class, this::dump);
        assertEquals("do 0: ENOMEM Cannot allocate memory", failure.getMessage());
    }

    @Test
    void dumpWhosePartWasTooLargeIsRepeatedOnceTheOldOneIsOver() throws Exception {
        transport.answer(new byte[40_000]);
        transport.answer(joined(value(1, NLM_F_MULTI, 1), value(1, NLM_F_MULTI, 2)));
        transport.answer(error(2, Errno.EBUSY));
        transport.answer(done(1, NLM_F_MULTI));
        transport.answer(joined(value(3, NLM_F_MULTI, 5), done(3, NLM_F_MULTI)));
        assertEquals(List.of(5), dump());
    }

    @Test
    void answerTooLargeIsAskedForAgainWithoutWhatWentBefore() throws Exception {
        transport.answer(new byte[40_000]).answer(value(3, 0, 6));
        Requests requests = requests(1, NLM_F_CREATE);
        requests.add(TYPE + 1, 0, "show", "it").u32(0).end();
        int value = netlink.get(requests, (type, payload) -> payload.getInt(0));
        assertEquals(6, value);
        assertEquals(2 * 20, transport.sent().get(0).length);
        assertEquals(20, transport.sent().get(1).length);
    }

    @Test
    void firstFailureIsToldWhateverFollows() {
        transport.answer(error(1, Errno.EEXIST)).answer(value(2, 0, 6));
        Requests requests = requests(2, 0);
        NetlinkException failure =
                assertThrows(NetlinkException.class, () -> netlink.get(requests, (type, payload) -> payload.getInt(0)));
        assertEquals("do 0: EEXIST File exists", failure.getMessage());
    }

    @Test
    void kernelsWordsAreInTheMessage() {
        MessageWriter words = new MessageWriter()
                .begin(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS)
                .u32(-Errno.EINVAL)
                .u32(16)
                .u32(0)
                .u32(0)
                .u32(0)
                .u32(NLMSGERR_ATTR_OFFS, 28)
                .string(NLMSGERR_ATTR_MSG, "no such colour");
        words.end();
        byte[] answer = words.toByteArray();
        ByteBuffer.wrap(answer).order(ByteOrder.nativeOrder()).putInt(8, 1).putInt(12, Recorded.PORT_ID);
        transport.answer(answer);
        NetlinkException failure = assertThrows(NetlinkException.class, this::get);
        assertEquals("do 0: EINVAL Invalid argument (no such colour)", failure.getMessage());
    }

    @Test
    void lostAnswersAreNotWaitedForForEver() {
        NetlinkException lost = assertThrows(NetlinkException.class, this::get);
        assertTrue(lost.is(Errno.EAGAIN), lost.getMessage());
        transport.answer(message(NLMSG_OVERRUN, 0, 2, Recorded.PORT_ID));
        NetlinkException overrun = assertThrows(NetlinkException.class, this::get);
        assertTrue(overrun.is(Errno.ENOBUFS), overrun.getMessage());
    }

    @Test
    void sessionGoesOnAfterMalformedMessage() throws Exception {
        transport.answer(new byte[] {1, 2, 3}).answer(value(2, 0, 11));
        NetlinkException malformed = assertThrows(NetlinkException.class, this::get);
        assertTrue(malformed.is(Errno.EBADMSG), malformed.getMessage());
        assertEquals(11, get());
    }

    @Test
    void requestsAreOneLineEach() {
        assertEquals("do 0\ndo 1\n", requests(2, 0).toString());
        assertFalse(requests(1, 0).toString().isEmpty());
    }
}
