package dev.lockstep.saga.domain;

import java.time.Duration;

/**
 * Timeouts and retry intervals of the saga.
 *
 * @param stock how long to wait for the reservation before the order is aborted
 * @param payment how long to wait for the charge before the order is aborted
 * @param confirmRetry how long to wait for the confirmation before the command is sent again
 * @param compensationRetry how long to wait for a compensation before the outstanding commands are sent again
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

    // A reply is usually missing because its participant is down, and the command still waits in Kafka. Retrying at a
    // fixed rate would only add to the participant's backlog.
    private static Duration backoff(Duration base, int attempts) {
        Duration grown = base.multipliedBy(1L << Math.min(attempts, MAX_DOUBLINGS));
        Duration longest = base.compareTo(MAX_RETRY_DELAY) > 0 ? base : MAX_RETRY_DELAY;
        return grown.compareTo(longest) > 0 ? longest : grown;
    }
}
