package dev.lockstep.relay;

import java.sql.SQLException;
import java.time.Duration;

/**
 * How long a statement that reads many rows, or waits for others, may take: twice as long each time that this was not enough. The first after days without a
 * relay counts millions of rows, and would never get there if it started over with the same limit.
 */
final class StepLimit {
    private static final Duration USUAL = Duration.ofMinutes(1);
    private static final Duration MOST = Duration.ofHours(1);

    private static final String GIVEN_UP = "57014";

    private final Duration usual;
    private Duration now;

    StepLimit() {
        this(USUAL);
    }

    StepLimit(Duration usual) {
        this.usual = usual;
        this.now = usual;
    }

    Duration now() {
        return now;
    }

    void exceeded() {
        Duration twice = now.multipliedBy(2);
        now = twice.compareTo(MOST) > 0 ? MOST : twice;
    }

    /** Says whether a statement failed because the server ended it, and if so, the next one gets more time. */
    boolean exceededBy(SQLException failure) {
        boolean late = GIVEN_UP.equals(failure.getSQLState());
        if (late) {
            exceeded();
        }
        return late;
    }

    /** Says whether that changes it. */
    boolean kept() {
        boolean longer = now.compareTo(usual) > 0;
        now = usual;
        return longer;
    }
}
