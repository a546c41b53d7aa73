package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Stores the start counts of {@link CrashLoopDetector} in the database. Blocks the consumer's thread while the event loop executes the
 * statements.
 */
final class StoredStartCounts implements CrashLoopDetector.StartCounts {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** How long each method takes at most. */
    static final Duration MAX_DURATION = BoundedTransactions.longestRun(TIMEOUT);

    private final BoundedTransactions transactions;
    private final BatchStartStore store;
    private final EventLoopBridge eventLoop;

    StoredStartCounts(BoundedTransactions transactions, BatchStartStore store, EventLoopBridge eventLoop) {
        this.transactions = transactions;
        this.store = store;
        this.eventLoop = eventLoop;
    }

    @Override
    public Map<TopicPartition, Integer> count(Map<TopicPartition, Long> firstOffsets)
            throws ExecutionException, InterruptedException {
        return execute(connection -> store.countStarts(connection, firstOffsets));
    }

    @Override
    public void undo(Map<TopicPartition, Long> firstOffsets) throws ExecutionException, InterruptedException {
        execute(connection -> store.undoStarts(connection, firstOffsets));
    }

    @Override
    public void clear(Map<TopicPartition, Long> firstOffsets) throws ExecutionException, InterruptedException {
        execute(connection -> store.clearStarts(connection, firstOffsets));
    }

    private <T extends @Nullable Object> T execute(Function<SqlConnection, Future<T>> statement)
            throws ExecutionException, InterruptedException {
        return eventLoop.await(() -> transactions.withConnection(TIMEOUT, statement));
    }
}
