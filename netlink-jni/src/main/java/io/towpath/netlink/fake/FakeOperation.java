package io.towpath.netlink.fake;

import io.towpath.netlink.MessageWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * A request that was understood.
 *
 * @param isWrite whether it changes anything
 * @param text it in words
 * @param action what it does; its result are the messages to answer with
 */
record FakeOperation(boolean isWrite, String text, Action action) {
    @FunctionalInterface
    interface Action {
        List<byte[]> run() throws FakeRefusal;
    }

    @FunctionalInterface
    interface Change {
        void run() throws FakeRefusal;
    }

    static FakeOperation write(String text, Change change) {
        return new FakeOperation(true, text, () -> {
            change.run();
            return List.of();
        });
    }

    static FakeOperation read(String text, Action action) {
        return new FakeOperation(false, text, action);
    }

    /** One message of a type; what follows its netlink header is for the body to write. */
    static byte[] message(int type, Consumer<MessageWriter> body) {
        MessageWriter out = new MessageWriter().begin(type, 0);
        body.accept(out);
        out.end();
        return out.toByteArray();
    }

    /** A message for each of some values. */
    static <T> List<byte[]> messages(int type, List<T> values, BiConsumer<MessageWriter, T> body) {
        List<byte[]> messages = new ArrayList<>();
        for (T value : values) {
            messages.add(message(type, out -> body.accept(out, value)));
        }
        return messages;
    }
}
