package io.towpath.agent.source.kube;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Whoever follows something is never left alone, whatever goes wrong on the connection's thread. */
class ApiConnectionTest {
    private static final String WELL = "";

    private final ApiConnection connection =
            new ApiConnection(new ApiAccess("http://127.0.0.1:1/", null, null, null), Sources.FAST);
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final AtomicInteger follows = new AtomicInteger();

    @AfterEach
    void end() {
        connection.close();
    }

    private final class Following implements ApiConnection.Follower {
        private final int mistakes;

        Following(int mistakes) {
            this.mistakes = mistakes;
        }

        @Override
        public void follow(ApiCalls calls) {
            if (follows.incrementAndGet() <= mistakes) {
                throw new NoSuchMethodError("io.netty.channel.ChannelException.<init>");
            }
            told.add("follows");
        }

        @Override
        public void unfollow() {}

        @Override
        public void unreachable(@Nullable String trouble) {
            told.add(trouble == null ? WELL : trouble);
        }
    }

    private String next() throws InterruptedException {
        String next = told.poll(Told.LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertNotNull(next, "it is deaf");
        return next;
    }

    private void awaitFollowing() throws InterruptedException {
        String last = next();
        while (!last.equals("follows")) {
            last = next();
        }
    }

    @Test
    void anErrorWhileAClientIsOpenedIsToldAndItIsOpenedAgain() throws InterruptedException {
        connection.add(new Following(2));
        assertEquals(WELL, next());
        String trouble = next();
        assertTrue(
                trouble.startsWith("the Kubernetes API cannot be asked: internal error: java.lang.NoSuchMethodError: "
                        + "io.netty.channel.ChannelException.<init> at "),
                trouble);
        awaitFollowing();
        assertEquals(3, follows.get());
    }

    @Test
    void anErrorWhileOneMoreFollowsBeginsAllAnew() throws InterruptedException {
        connection.add(new Following(0));
        awaitFollowing();
        follows.set(0);
        connection.add(new Following(1));
        awaitFollowing();
    }

    @Test
    void anErrorOfATaskBeginsAllAnew() throws InterruptedException {
        connection.add(new Following(0));
        awaitFollowing();
        connection.run(() -> {
            throw new AssertionError("wrong");
        });
        assertTrue(next().contains("internal error: java.lang.AssertionError: wrong"));
        assertEquals(WELL, next());
        awaitFollowing();
    }
}
