package dev.lockstep.saga.domain;

import java.time.Duration;

/**
 * How long the saga waits.
 *
 * @param stock for stock to be reserved, before the order is given up
 * @param payment for the charge, before the order is given up
 * @param confirmRetry for the order to confirm, before it is asked again
 * @param compensationRetry for a compensation, before what is outstanding is asked for again
 */
public record SagaDeadlines(Duration stock, Duration payment, Duration confirmRetry, Duration compensationRetry) {
    private static final Duration MAX_RETRY_DELAY = Duration.ofMinutes(5);
    private static final int MAX_DOUBLINGS = 20;

    Duration confirm(int attempts) {
        return backoff(confirmRetry, attempts);
    }

    Duration compensation(int attempts) {
        return backoff(compensationRetry, attempts);
    }

    // What is not answered is usually not lost but waiting for a participant that is down: asking at a fixed pace would
    // only add to the backlog that it meets when it comes back.
    private static Duration backoff(Duration base, int attempts) {
        Duration grown = base.multipliedBy(1L << Math.min(attempts, MAX_DOUBLINGS));
        Duration longest = base.compareTo(MAX_RETRY_DELAY) > 0 ? base : MAX_RETRY_DELAY;
        return grown.compareTo(longest) > 0 ? longest : grown;
    }
}
