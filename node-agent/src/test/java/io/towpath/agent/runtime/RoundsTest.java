package io.towpath.agent.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.towpath.agent.log.Log;
import io.towpath.netlink.nft.Family;
import io.towpath.netlink.nft.NftEvent;
import io.towpath.netlink.nft.Table;
import io.towpath.netlink.rtnl.RtnlEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The controllers of a thread, by a clock that the test moves. */
class RoundsTest {
    private static final long MS = 1_000_000;
    private static final RtnlEvent LINK = new RtnlEvent(RtnlEvent.Kind.LINK, false, 1, "eth0");
    private static final NftEvent TABLE = new NftEvent(NftEvent.Kind.TABLE, false, Table.of(Family.INET, "t"), 0, 0);

    private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
    private final Log log = new Log(
            new PrintStream(lines, true, StandardCharsets.UTF_8), Log.Form.TEXT, Log.Level.DEBUG, Clock.systemUTC());
    private final List<String> ran = new ArrayList<>();
    private long now = 7 * MS;

    /** One that says what is done with it. */
    private final class Recorded implements Controller {
        private final String name;
        private final Wants wants;
        private Work work = _ -> Outcome.DONE;

        Recorded(String name, Wants wants) {
            this.name = name;
            this.wants = wants;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Wants wants() {
            return wants;
        }

        @Override
        public boolean concerns(RtnlEvent event) {
            return true;
        }

        @Override
        public boolean concerns(NftEvent event) {
            return true;
        }

        @Override
        public Outcome reconcile(Round round) throws Exception {
            ran.add(name + (round.isFull() ? " in full" : ""));
            return work.run(round);
        }

        @Override
        public void ended(@Nullable String problem, Duration duration) {
            if (problem != null) {
                ran.add(name + " failed: " + problem);
            }
        }
    }

    private interface Work {
        Controller.Outcome run(Controller.Round round) throws Exception;
    }

    private Rounds rounds(Controller... controllers) {
        return new Rounds(List.of(controllers), log, () -> now);
    }

    private List<String> taken() {
        List<String> taken = List.copyOf(ran);
        ran.clear();
        return taken;
    }

    @Test
    void controllersRunInTheirOrderAndOnlyThoseThatAreDue() {
        Fact<String> fact = new Fact<>();
        Recorded first = new Recorded("first", new Wants(true, false, List.of()));
        Recorded second = new Recorded("second", new Wants(false, true, List.of()));
        Recorded third = new Recorded("third", new Wants(false, false, List.of(fact)));
        Rounds rounds = rounds(first, second, third);
        int[] woken = new int[1];
        rounds.subscribe(() -> woken[0]++);
        rounds.run();
        assertEquals(List.of("first in full", "second in full", "third in full"), taken());
        now += 100 * MS;
        rounds.run();
        assertEquals(List.of(), taken());
        Map<Runnable, String> causes = Map.of(
                () -> rounds.changed(LINK),
                "first",
                () -> rounds.changed(TABLE),
                "second",
                () -> fact.tell("x"),
                "third");
        causes.forEach((cause, name) -> {
            assertTrue(rounds.restNanos() > 0);
            cause.run();
            assertTrue(rounds.restNanos() <= 0);
            rounds.run();
            assertEquals(List.of(name), taken());
            now += 100 * MS;
        });
        assertEquals(1, woken[0]);
        assertEquals("x", fact.get());
    }

    @Test
    void whatIsToldAmidARunAsksForAnother() {
        Fact<String> fact = new Fact<>();
        Recorded one = new Recorded("one", new Wants(false, false, List.of(fact)));
        Rounds rounds = rounds(one);
        rounds.subscribe(() -> {});
        one.work = _ -> {
            fact.tell("later");
            return Controller.Outcome.DONE;
        };
        rounds.run();
        assertEquals(50 * MS, rounds.restNanos());
        one.work = _ -> Controller.Outcome.DONE;
        now += 50 * MS;
        rounds.run();
        assertEquals(List.of("one in full", "one"), taken());
    }

    @Test
    void whatOneFailsByIsToldOnceAndKeepsNoOtherFromRunning() {
        for (Throwable failure : List.of(new IOException("no disk"), new NoSuchMethodError("odd"))) {
            Recorded bad = new Recorded("bad", Wants.NOTHING);
            Recorded good = new Recorded("good", Wants.NOTHING);
            Rounds rounds = rounds(bad, good);
            bad.work = _ -> {
                if (failure instanceof Error error) {
                    throw error;
                }
                throw (Exception) failure;
            };
            lines.reset();
            rounds.run();
            List<String> all = taken();
            assertEquals("bad in full", all.getFirst());
            assertTrue(all.get(1).contains(String.valueOf(failure.getMessage())), all::toString);
            assertEquals("good in full", all.getLast());
            assertEquals(200 * MS, rounds.restNanos());
            now += 200 * MS;
            rounds.run();
            bad.work = _ -> Controller.Outcome.DONE;
            now += 400 * MS;
            rounds.run();
            assertEquals(3, taken().size(), "one that failed, of which it was told, and one that did not");
            List<String> told = lines.toString(StandardCharsets.UTF_8).lines().toList();
            assertEquals(2, told.size(), told::toString);
            assertTrue(told.getFirst().contains("problem  subject=bad"), told::toString);
            assertTrue(told.getLast().contains("problem ended  subject=bad"), told::toString);
        }
    }

    @Test
    void oneAsksForAnotherThatGoesFirstAndDoesNotFailWithIt() {
        Recorded firewall = new Recorded("firewall", Wants.NOTHING);
        Recorded overlay = new Recorded("overlay", Wants.NOTHING);
        overlay.work = round -> {
            ran.add("asked: " + round.first(firewall));
            return Controller.Outcome.DONE;
        };
        firewall.work = _ -> Controller.Outcome.of("refused");
        Rounds rounds = rounds(overlay, firewall);
        rounds.run();
        assertEquals(
                List.of("overlay in full", "firewall in full", "firewall failed: refused", "asked: false"), taken());
        assertEquals(200 * MS, rounds.restNanos(), "the one that failed is tried again by itself");
        now += 200 * MS;
        firewall.work = _ -> Controller.Outcome.DONE;
        rounds.run();
        assertEquals(List.of("firewall in full"), taken());
    }

    @Test
    void aControllerOfAnotherThreadCannotGoFirst() {
        Recorded other = new Recorded("other", Wants.NOTHING);
        Recorded one = new Recorded("one", Wants.NOTHING);
        one.work = round -> {
            assertThrows(IllegalArgumentException.class, () -> round.first(other));
            return Controller.Outcome.DONE;
        };
        rounds(one).run();
        assertEquals(List.of("one in full"), taken());
        assertFalse(lines.size() > 0);
    }
}
