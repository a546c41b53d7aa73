package dev.lockstep.relay;

import java.sql.SQLException;
import java.time.Duration;

/**
 * The timeout of statements that read many rows or wait for other transactions. It is doubled after each timeout, from one minute up to one
 * hour. The first comparison after days without a relay counts millions of rows, and would never complete if it were retried with the same
 * limit.
 */
final class AdaptiveStatementTimeout {
    private static final Duration DEFAULT = Duration.ofMinutes(1);
    private static final Duration MAX = Duration.ofHours(1);

    private static final String QUERY_CANCELED = "57014";

    private final Duration initial;
    private Duration current;

    AdaptiveStatementTimeout() {
        this(DEFAULT);
    }

    AdaptiveStatementTimeout(Duration initial) {
        this.initial = initial;
        this.current = initial;
    }

    Duration current() {
        return current;
    }

    void increase() {
        Duration twice = current.multipliedBy(2);
        current = twice.compareTo(MAX) > 0 ? MAX : twice;
    }

    /**
     * Doubles the timeout if the statement failed because the server cancelled it.
     *
     * @return whether the server cancelled it
     */
    boolean increaseIfTimedOut(SQLException failure) {
        boolean late = QUERY_CANCELED.equals(failure.getSQLState());
        if (late) {
            increase();
        }
        return late;
    }

    /**
     * Resets the timeout to its initial value.
     *
     * @return whether that changed it
     */
    boolean reset() {
        boolean longer = current.compareTo(initial) > 0;
        current = initial;
        return longer;
    }
}
