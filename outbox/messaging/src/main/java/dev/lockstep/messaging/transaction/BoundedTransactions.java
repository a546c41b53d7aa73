package dev.lockstep.messaging.transaction;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.TransactionTimeoutException;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Transaction;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs transactions that end within their time limit whatever their work does: each is committed, rolled back, or has its connection
 * closed. After that it can no longer commit and holds no locks, unless the server was already processing its COMMIT. To be used on an
 * event loop.
 */
public final class BoundedTransactions {
    private static final Duration PING_TIMEOUT = Duration.ofSeconds(2);

    private final Vertx vertx;
    private final Pool pool;

    public BoundedTransactions(Vertx vertx, Pool pool) {
        this.vertx = vertx;
        this.pool = pool;
    }

    /**
     * Time limits of a transaction.
     *
     * @param transaction from the BEGIN to the answer to the COMMIT; the wait for a connection has a separate limit of the same length
     * @param lockWait how long one statement waits for a lock that another transaction holds; at most the transaction's limit
     */
    public record Limits(Duration transaction, Duration lockWait) {
        // Postgres cancels a slow statement before the transaction reaches its limit. A transaction that reaches its
        // limit therefore has work that never completes.
        private Duration statement() {
            return transaction.multipliedBy(4).dividedBy(5);
        }

        /** Returns how long a transaction with these limits takes at most, including the wait for a connection. */
        public Duration longest() {
            return longestRun(transaction);
        }
    }

    /** Returns how long work with this limit takes at most, including the wait for a connection and the cancel request. */
    public static Duration longestRun(Duration limit) {
        return limit.multipliedBy(2).plus(ConnectionCloser.CANCEL_TIMEOUT);
    }

    /**
     * Runs the work in a transaction.
     *
     * @return completes when the transaction is committed. Fails with the failure of the work, after the rollback; with
     *     {@link TransactionTimeoutException} if the transaction exceeded its limit, after its connection was closed; or with a
     *     {@link TimeoutException} if no connection was available in time
     */
    public <T> Future<T> run(Limits limits, Function<SqlConnection, Future<T>> work) {
        Run<T> run = new Run<>(limits.transaction(), false);
        return run.start(connection -> inTransaction(connection, limits, work, run::markCommitStarted));
    }

    /** Runs statements that are each a transaction of their own. The future completes and fails like that of {@link #run}. */
    public <T> Future<T> withConnection(Duration limit, Function<SqlConnection, Future<T>> work) {
        return new Run<T>(limit, true).start(connection -> invoke(work, connection));
    }

    /** Completes if the database answers, and fails if it does not answer in time. */
    public Future<Void> ping() {
        return withConnection(PING_TIMEOUT, TransactionLimitsStore::ping);
    }

    private static <T> Future<T> inTransaction(
            SqlConnection connection, Limits limits, Function<SqlConnection, Future<T>> work, Runnable commits) {
        Future<Transaction> begun = connection.begin();
        // Pipelined behind the BEGIN, so that it costs no extra round trip.
        Future<Void> limited = TransactionLimitsStore.set(connection, limits.lockWait(), limits.statement());
        return Future.join(begun, limited)
                .compose(ready -> invoke(work, connection))
                .compose(result -> {
                    commits.run();
                    return begun.result().commit().map(result);
                });
    }

    private static <T> Future<T> invoke(Function<SqlConnection, Future<T>> work, SqlConnection connection) {
        try {
            return work.apply(connection);
        } catch (RuntimeException thrown) {
            return Future.failedFuture(thrown);
        }
    }

    /** One use of one pooled connection. */
    private final class Run<T> {
        private final Duration limit;
        private final boolean autoCommit;
        private final Promise<T> outcome = Promise.promise();
        private long timer;
        private boolean expired;
        private boolean commitStarted;
        private @Nullable SqlConnection connection;

        /** @param autoCommit whether each statement commits itself */
        Run(Duration limit, boolean autoCommit) {
            this.limit = limit;
            this.autoCommit = autoCommit;
        }

        void markCommitStarted() {
            commitStarted = true;
        }

        Future<T> start(Function<SqlConnection, Future<T>> work) {
            setTimer();
            pool.getConnection().onSuccess(given -> use(given, work)).onFailure(cause -> {
                vertx.cancelTimer(timer);
                outcome.tryFail(cause);
            });
            return outcome.future();
        }

        private void setTimer() {
            timer = vertx.setTimer(Math.max(1, limit.toMillis()), fired -> expire());
        }

        private void use(SqlConnection given, Function<SqlConnection, Future<T>> work) {
            if (expired || !vertx.cancelTimer(timer)) {
                given.close();
                return;
            }
            // The time spent waiting for a pooled connection does not count towards the limit of the transaction.
            setTimer();
            connection = given;
            invoke(work, given).onComplete(worked -> {
                // After the limit the connection is closed, and the result of the work is ignored.
                if (!expired) {
                    finish(given, worked);
                }
            });
        }

        private void finish(SqlConnection used, AsyncResult<T> worked) {
            rollBack(used, worked).onComplete(ended -> {
                if (vertx.cancelTimer(timer)) {
                    used.close();
                    if (worked.succeeded()) {
                        outcome.tryComplete(worked.result());
                    } else {
                        outcome.tryFail(worked.cause());
                    }
                }
            });
        }

        private Future<Void> rollBack(SqlConnection used, AsyncResult<T> worked) {
            if (worked.succeeded()) {
                return Future.succeededFuture();
            }
            if (FailureClassifier.isSessionBound(worked.cause())) {
                return discard(used);
            }
            Transaction open = used.transaction();
            if (open == null) {
                return Future.succeededFuture();
            }
            return open.rollback().recover(notRolledBack -> discard(used));
        }

        // A COMMIT that waits for a synchronous standby must not be cancelled: Postgres would make the transaction
        // visible although no standby has it.
        private Future<Void> discard(SqlConnection used) {
            return commitStarted ? ConnectionCloser.close(used) : ConnectionCloser.closeAndCancel(used);
        }

        private void expire() {
            expired = true;
            SqlConnection used = connection;
            if (used == null) {
                outcome.tryFail(new TimeoutException("no connection available after " + limit.toMillis() + " ms"));
            } else {
                discard(used).onComplete(discarded -> {
                    used.close();
                    outcome.tryFail(new TransactionTimeoutException(limit, autoCommit || commitStarted));
                });
            }
        }
    }
}
