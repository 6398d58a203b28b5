package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import io.towpath.cni.wiring.NotUndoneException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.StringJoiner;

/** What takes back the steps that were done, if a later one fails: the last first, each whatever becomes of the others. */
final class Undo {
    private final Deque<Action> actions = new ArrayDeque<>();
    private Action last = () -> {};

    /** Takes one step back. That there is nothing to take back is no failure. */
    interface Action {
        void run() throws CniException, IOException;
    }

    /** Notes what takes back the step just done. */
    void by(Action action) {
        actions.push(action);
    }

    /** Notes what is done at the end, and only if nothing was left: an address that may still have a route stays leased until DEL. */
    void unlessAnythingIsLeft(Action action) {
        last = action;
    }

    /**
     * Takes all steps back.
     *
     * @param failure why
     * @throws CniException if something is left, with the failure as its cause
     */
    void after(Throwable failure) throws CniException {
        StringJoiner left = new StringJoiner("; ");
        if (failure instanceof NotUndoneException e) {
            left.add(e.left());
        }
        while (!actions.isEmpty()) {
            run(actions.pop(), failure, left);
        }
        if (left.length() == 0) {
            run(last, failure, left);
        }
        if (left.length() != 0) {
            throw new CniException(
                    CniException.INTERNAL, String.valueOf(failure.getMessage()), "not undone: " + left, failure);
        }
    }

    private static void run(Action action, Throwable failure, StringJoiner left) {
        try {
            action.run();
        } catch (CniException | IOException | RuntimeException e) {
            failure.addSuppressed(e);
            left.add(String.valueOf(e.getMessage()));
        }
    }
}
