package io.towpath.netlink.fake;

import org.jspecify.annotations.Nullable;

/** What the fake kernel answers to a request that it does not grant. */
final class FakeRefusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final int errno;
    private final @Nullable String explanation;

    FakeRefusal(int errno, @Nullable String explanation) {
        super(explanation == null ? "errno " + errno : explanation);
        this.errno = errno;
        this.explanation = explanation;
    }

    FakeRefusal(int errno) {
        this(errno, null);
    }

    int errno() {
        return errno;
    }

    @Nullable
    String explanation() {
        return explanation;
    }
}
