package io.towpath.agent.source.kube;

import java.time.Duration;

/**
 * How long to wait for what.
 *
 * @param together changes this close are told as one
 * @param look how often to look whether the watch stands
 * @param retry the longest between two attempts while the API is away, and between the first two where it refuses something
 * @param refused the longest between two attempts where it goes on to refuse something
 * @param retryAfter the longest that it is left alone if it asks for that
 * @param watch how long a watch lasts at least before it is asked for anew; twice as long at most
 * @param anew after how long without a watch all begins anew, files with credentials included; and how often to ask for a better
 *     version of a kind. An API that was away for longer has mostly forgotten where a watch was, and would have the nodes listed
 *     again anyway.
 * @param absent how often to ask again for a kind that the API does not have
 * @param settled for how long something must be so at least before an event tells of it; twice as long at most
 */
record Timing(
        Duration together,
        Duration look,
        Duration retry,
        Duration refused,
        Duration retryAfter,
        Duration watch,
        Duration anew,
        Duration absent,
        Duration settled) {
    static final Timing USUAL = new Timing(
            Duration.ofMillis(20),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(15),
            Duration.ofSeconds(30),
            Duration.ofMinutes(5),
            Duration.ofMinutes(5),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30));
}
