package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.FailureKind;
import dev.lockstep.messaging.failure.TransactionTimeoutException;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.transaction.Bisection;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Applies one polled batch. If its transaction fails, finds the messages at fault, parks them or makes them dead letters, and applies all
 * others.
 *
 * <pre>
 *  the failure is ─┬─ UNAVAILABLE ──────────▶ the batch is retried later
 *                  ├─ TRANSIENT, a lock ────▶ messages that need a locked row are parked at once, all others are applied
 *                  ├─ TRANSIENT ────────────▶ retried once, then bisected; a message that still fails is parked
 *                  ├─ PERMANENT, named ─────▶ the messages that the handler names become dead letters, all others are applied
 *                  └─ PERMANENT, UNKNOWN ───▶ bisected; the message at fault becomes a dead letter, or is parked and counted
 * </pre>
 */
final class BatchIsolation<M> {
    // Shorter than for other failures, because a transient failure usually concerns all messages of the batch.
    private static final long MAX_TRANSIENT_BISECTION_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);

    private final BoundedTransactions transactions;
    private final MessageHandler<M> handler;
    private final FailedMessages failedMessages;
    private final LockWaitPolicy lockWaitPolicy;
    private final BiFunction<List<DecodedRecord<M>>, Limits, Future<Void>> transaction;
    private final Consumer<List<ConsumerRecord<byte[], byte[]>>> applied;
    private final int batchSize;
    private final Set<UUID> retriedOnce = new HashSet<>();
    private long transientSince;
    private long searchingSince;

    /**
     * @param transaction applies a part of the batch in one transaction
     * @param applied receives each part as soon as its outcome is durable
     * @param batchSize the number of messages in the batch
     */
    BatchIsolation(
            BoundedTransactions transactions,
            MessageHandler<M> handler,
            FailedMessages failedMessages,
            LockWaitPolicy lockWaitPolicy,
            BiFunction<List<DecodedRecord<M>>, Limits, Future<Void>> transaction,
            Consumer<List<ConsumerRecord<byte[], byte[]>>> applied,
            int batchSize) {
        this.transactions = transactions;
        this.handler = handler;
        this.failedMessages = failedMessages;
        this.lockWaitPolicy = lockWaitPolicy;
        this.transaction = transaction;
        this.applied = applied;
        this.batchSize = batchSize;
    }

    /** Completes when the outcome of every message is durable. Fails if the rest must be retried later. */
    Future<Void> apply(List<DecodedRecord<M>> part) {
        if (part.isEmpty()) {
            return Future.succeededFuture();
        }
        boolean fullLockWait = transientSince == 0 && lockWaitPolicy.allowsFullWait();
        return transaction
                .apply(part, BatchLimits.ofPart(part.size(), batchSize, fullLockWait))
                .recover(cause -> isolate(part, cause))
                .onSuccess(done ->
                        applied.accept(part.stream().map(DecodedRecord::source).toList()));
    }

    private Future<Void> isolate(List<DecodedRecord<M>> part, Throwable cause) {
        return switch (FailureClassifier.classify(cause)) {
            case UNAVAILABLE -> Future.failedFuture(cause);
            case TRANSIENT -> isolateTransient(part, cause);
            case PERMANENT -> isolateByBisection(part, cause);
            case UNKNOWN ->
                cause instanceof TransactionTimeoutException
                        ? isolateTimedOut(part, cause)
                        : isolateByBisection(part, cause);
        };
    }

    private Future<Void> isolateTimedOut(List<DecodedRecord<M>> part, Throwable cause) {
        boolean searchedForLong = hasSearchedForLong();
        // If the database does not answer the ping, the search ends and the batch fails.
        return transactions
                .ping()
                .compose(answers ->
                        searchedForLong ? failedMessages.parkUncounted(part, cause) : isolateByBisection(part, cause));
    }

    private boolean hasSearchedForLong() {
        if (searchingSince == 0) {
            searchingSince = System.nanoTime();
        }
        return System.nanoTime() - searchingSince > BatchLimits.MAX_BISECTION.toNanos();
    }

    private Future<Void> isolateTransient(List<DecodedRecord<M>> part, Throwable cause) {
        if (transientSince == 0) {
            transientSince = System.nanoTime();
            failedMessages.reportTransient(part.size(), cause);
        }
        if (FailureClassifier.isRetryableAtOnce(cause)
                && retriedOnce.add(part.getFirst().messageId())) {
            return apply(part);
        }
        if (FailureClassifier.isLockTimeout(cause)) {
            lockWaitPolicy.timedOut();
            return part.size() == 1 ? failedMessages.parkUncounted(part, cause) : parkBlocked(part, cause);
        }
        return bisectOrPark(part, cause);
    }

    // One statement finds all blocked messages, instead of one lock wait for each: hundreds of messages may need the
    // same row.
    private Future<Void> parkBlocked(List<DecodedRecord<M>> part, Throwable cause) {
        List<ReceivedMessage<M>> readable = part.stream()
                .filter(DecodedRecord::isDecoded)
                .map(DecodedRecord::toReceivedMessage)
                .toList();
        return transactions
                .run(BatchLimits.SINGLE_RETRY, tx -> handler.blockedMessages(tx, readable))
                .transform(blocked -> {
                    if (blocked.succeeded() && !blocked.result().isEmpty()) {
                        return parkSelected(part, blocked.result(), cause);
                    }
                    if (blocked.failed() && FailureClassifier.classify(blocked.cause()) == FailureKind.UNAVAILABLE) {
                        return Future.failedFuture(blocked.cause());
                    }
                    // The query itself waited for a lock in vain: a whole table is locked.
                    return blocked.failed() && FailureClassifier.isLockTimeout(blocked.cause())
                            ? failedMessages.parkUncounted(part, cause)
                            : bisectOrPark(part, cause);
                });
    }

    private Future<Void> parkSelected(List<DecodedRecord<M>> part, Set<UUID> blockedIds, Throwable cause) {
        List<DecodedRecord<M>> blocked = new ArrayList<>();
        List<DecodedRecord<M>> unblocked = new ArrayList<>();
        for (DecodedRecord<M> each : part) {
            (blockedIds.contains(each.messageId()) ? blocked : unblocked).add(each);
        }
        // Parked first, so that unblocked messages of the same keys queue up behind them.
        return failedMessages.parkUncounted(blocked, cause).compose(parked -> apply(unblocked));
    }

    private Future<Void> bisectOrPark(List<DecodedRecord<M>> part, Throwable cause) {
        return part.size() == 1 || System.nanoTime() - transientSince > MAX_TRANSIENT_BISECTION_NANOS
                ? failedMessages.parkUncounted(part, cause)
                : applyInHalves(part);
    }

    private Future<Void> isolateByBisection(List<DecodedRecord<M>> part, Throwable cause) {
        Map<UUID, UnprocessableMessageException> named = FailureClassifier.namedMessages(cause);
        List<DeadLetter> deadLetters = new ArrayList<>();
        List<DecodedRecord<M>> others = new ArrayList<>();
        for (DecodedRecord<M> each : part) {
            UnprocessableMessageException permanent = named.get(each.messageId());
            if (permanent == null) {
                others.add(each);
            } else {
                deadLetters.add(DeadLetter.unprocessable(each.source(), permanent, 1, Instant.now()));
            }
        }
        if (!deadLetters.isEmpty()) {
            return failedMessages.deadLetter(deadLetters).compose(stored -> apply(others));
        }
        if (part.size() == 1) {
            return failedMessages.parkOrDeadLetter(part.getFirst(), cause);
        }
        return hasSearchedForLong() ? failedMessages.parkUncounted(part, cause) : applyInHalves(part);
    }

    private Future<Void> applyInHalves(List<DecodedRecord<M>> part) {
        // If the first half fails, the second must not overtake it.
        return Bisection.applyHalves(part, this::apply, failure -> false);
    }
}
