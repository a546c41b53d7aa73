package dev.lockstep.relay;

import java.sql.SQLException;
import java.time.Duration;

/**
 * How long a statement that reads many rows, or waits for others, may take: twice as long each time that this was not enough. The first after days without a
 * relay counts millions of rows, and would never get there if it started over with the same limit.
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

    /** Says whether a statement failed because the server ended it, and if so, the next one gets more time. */
    boolean increaseIfTimedOut(SQLException failure) {
        boolean late = QUERY_CANCELED.equals(failure.getSQLState());
        if (late) {
            increase();
        }
        return late;
    }

    /** Says whether that changes it. */
    boolean reset() {
        boolean longer = current.compareTo(initial) > 0;
        current = initial;
        return longer;
    }
}
