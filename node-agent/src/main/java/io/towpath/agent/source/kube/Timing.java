package io.towpath.agent.source.kube;

import java.time.Duration;

/**
 * How long to wait for what.
 *
 * @param together changes this close are told as one
 * @param look how often to look whether the watch stands
 * @param firstRetry after the first failure; twice as long after each further one
 * @param lastRetry the longest
 * @param anew after how long without a watch all begins anew, files with credentials included. An API that was away for longer
 *     has mostly forgotten where a watch was, and would have the nodes listed again anyway.
 * @param absent how often to ask again for a kind that the API does not have
 */
record Timing(
        Duration together, Duration look, Duration firstRetry, Duration lastRetry, Duration anew, Duration absent) {
    static final Timing USUAL = new Timing(
            Duration.ofMillis(20),
            Duration.ofSeconds(1),
            Duration.ofMillis(250),
            Duration.ofSeconds(15),
            Duration.ofMinutes(5),
            Duration.ofSeconds(30));

    /** How long to wait after a number of failures. */
    Duration retry(int failures) {
        Duration wait = firstRetry;
        for (int i = 1; i < failures && wait.compareTo(lastRetry) < 0; i++) {
            wait = wait.multipliedBy(2);
        }
        return wait.compareTo(lastRetry) > 0 ? lastRetry : wait;
    }
}
