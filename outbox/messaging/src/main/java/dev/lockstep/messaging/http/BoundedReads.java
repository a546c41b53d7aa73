package dev.lockstep.messaging.http;

import dev.lockstep.messaging.failure.FailureClassifier;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;

/**
 * Runs the reads of HTTP requests: a few at a time, each in a read-only transaction with its own statement timeout, so that lists and
 * counts do not take connections and CPU time from requests that change data.
 */
public final class BoundedReads {
    private static final int MAX_RUNNING = 4;
    private static final int MAX_WAITING = 64;
    private static final Duration MAX_WAIT = Duration.ofSeconds(2);
    private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final Pool pool;
    private final ConcurrencyLimit limit;
    private final String setUp;
    private final Duration timeout;

    /**
     * @param pool the service's own pool; each read takes one of its connections
     * @param limit how many reads run at the same time; must be less than the pool's size
     * @param timeout the time limit of one statement
     */
    public BoundedReads(Pool pool, ConcurrencyLimit limit, Duration timeout) {
        this.pool = pool;
        this.limit = limit;
        this.timeout = timeout;
        this.setUp = "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = " + timeout.toMillis();
    }

    /** At most four reads at a time, 64 more that wait for up to 2 s, and 3 s for each statement. */
    public static BoundedReads of(Vertx vertx, Pool pool) {
        return new BoundedReads(
                pool,
                new ConcurrencyLimit(vertx, "lists and counts", MAX_RUNNING, MAX_WAITING, MAX_WAIT),
                STATEMENT_TIMEOUT);
    }

    /**
     * Runs the work in its own read-only transaction.
     *
     * @return completes with the result of the work; fails with its error, or with a {@link Problem} 503 when too many reads are running or
     *     a statement exceeded the timeout
     */
    public <T> Future<T> read(Function<SqlConnection, Future<T>> work) {
        return limit.run(() -> pool.withTransaction(
                                tx -> tx.query(setUp).execute().compose(set -> work.apply(tx)))
                        .map(read -> Objects.requireNonNull(read)))
                .recover(cause ->
                        Future.failedFuture(FailureClassifier.isCancelledStatement(cause) ? tooSlow() : cause));
    }

    private Problem tooSlow() {
        return Problem.unavailable(
                "The read exceeded the statement timeout of " + timeout.toMillis() / 1000.0
                        + " s; use a filter that matches fewer rows, or retry when the database is less busy",
                RETRY_AFTER);
    }
}
