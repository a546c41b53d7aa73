package dev.lockstep.messaging.http;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;

/**
 * Runs the reads that HTTP requests ask for: a few at once, each in a read-only transaction with a statement timeout of its own, so that
 * no list and no count keeps connections and processors from requests that change something.
 */
public final class BoundedReads {
    private static final int MAX_RUNNING = 4;
    private static final int MAX_WAITING = 64;
    private static final Duration MAX_WAIT = Duration.ofSeconds(2);
    private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);
    private static final String QUERY_CANCELED = "57014";

    private final Pool pool;
    private final ConcurrencyLimit limit;
    private final String setUp;
    private final Duration timeout;

    /**
     * @param pool the service's own; a read takes one of its connections
     * @param limit how many reads take connections at once: fewer than the pool has
     * @param timeout how long one statement of a read may take
     */
    public BoundedReads(Pool pool, ConcurrencyLimit limit, Duration timeout) {
        this.pool = pool;
        this.limit = limit;
        this.timeout = timeout;
        this.setUp = "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = " + timeout.toMillis();
    }

    /** Four reads at once, up to 64 more that wait 2 s at most, and 3 s for each statement. */
    public static BoundedReads of(Vertx vertx, Pool pool) {
        return new BoundedReads(
                pool,
                new ConcurrencyLimit(vertx, "lists and counts", MAX_RUNNING, MAX_WAITING, MAX_WAIT),
                STATEMENT_TIMEOUT);
    }

    /**
     * Reads in a transaction of its own, of which all statements see one state if they need to.
     *
     * @return completes as the work does; fails with a {@link Problem} 503 when too many reads are under way, or when a statement
     *     took too long
     */
    public <T> Future<T> read(Function<SqlConnection, Future<T>> work) {
        return limit.run(() -> pool.withTransaction(
                                tx -> tx.query(setUp).execute().compose(set -> work.apply(tx)))
                        .map(read -> Objects.requireNonNull(read)))
                .recover(cause -> Future.failedFuture(isCanceled(cause) ? tooSlow() : cause));
    }

    private Problem tooSlow() {
        return Problem.unavailable(
                "This was not read within " + timeout.toMillis() / 1000.0
                        + " s, which is the limit for one statement: ask"
                        + " for less, by a filter that matches fewer rows, or again when the database is less busy",
                RETRY_AFTER);
    }

    private static boolean isCanceled(Throwable cause) {
        return cause instanceof PgException postgres && QUERY_CANCELED.equals(postgres.getSqlState());
    }
}
