package io.towpath.cni.verbs;

import io.towpath.cni.protocol.CniException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What went wrong in a verb that goes on whatever happens. */
final class Failures {
    private final List<String> messages = new ArrayList<>();

    /** A part of the work. */
    interface Part {
        void run() throws CniException, IOException;
    }

    void add(String message) {
        messages.add(message);
    }

    /** Does a part; if it fails, that is noted. */
    void collect(Part part) {
        try {
            part.run();
        } catch (CniException e) {
            add(e.details().isEmpty() ? e.msg() : e.msg() + ": " + e.details());
        } catch (IOException e) {
            add(Objects.requireNonNullElse(e.getMessage(), e.toString()));
        }
    }

    /** @throws CniException if anything failed: the first failure as message, the others as details */
    void throwIfAny() throws CniException {
        if (!messages.isEmpty()) {
            throw new CniException(
                    CniException.INTERNAL,
                    messages.getFirst(),
                    String.join("; ", messages.subList(1, messages.size())));
        }
    }
}
