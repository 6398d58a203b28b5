package io.towpath.agent.policy.denial;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.function.LongFunction;

/** The last packets that were denied and logged. Any thread may use it. */
public final class Denials {
    private static final int MOST = 1_000;

    private final String run = UUID.randomUUID().toString();
    private final Deque<Denial> last = new ArrayDeque<>();
    private long lastId;
    private long lost;

    synchronized void add(LongFunction<Denial> denial) {
        if (last.size() == MOST) {
            last.removeFirst();
        }
        last.addLast(denial.apply(++lastId));
    }

    synchronized void lose() {
        lost++;
    }

    /** Those that came after one, the eldest first; as far as they are still known. */
    public synchronized List<Denial> after(long id) {
        return last.stream().filter(each -> each.id() > id).toList();
    }

    /** Tells the numbers of this run of the agent from those of another. */
    public String run() {
        return run;
    }

    /** How often the kernel had more to tell than could be taken. */
    public synchronized long lost() {
        return lost;
    }
}
