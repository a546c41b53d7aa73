package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.ParkedMessageStore.ParkRequest;
import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.FailureKind;
import dev.lockstep.messaging.failure.TransactionTimeoutException;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import dev.lockstep.messaging.transaction.BoundedTransactions.Limits;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchIsolation.class);
    // After this time, messages that still fail are parked without further bisection.
    private static final long MAX_BISECTION_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);
    private static final long MAX_TIMEOUT_BISECTION_NANOS = TimeUnit.SECONDS.toNanos(40);

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final MessageHandler<M> handler;
    private final Inbox inbox;
    private final DeliveryFailures failures;
    private final LockWaitPolicy lockWaitPolicy;
    private final BiFunction<List<DecodedRecord<M>>, Limits, Future<Void>> transaction;
    private final Consumer<List<ConsumerRecord<byte[], byte[]>>> applied;
    private final int batchSize;
    private final Set<UUID> retriedOnce = new HashSet<>();
    private long transientSince;
    private long timingOutSince;

    /**
     * @param transaction applies a part of the batch in one transaction
     * @param applied receives each part as soon as its outcome is durable
     * @param batchSize the number of messages in the batch
     */
    BatchIsolation(
            BoundedTransactions transactions,
            ConsumerOptions options,
            MessageHandler<M> handler,
            Inbox inbox,
            DeliveryFailures failures,
            LockWaitPolicy lockWaitPolicy,
            BiFunction<List<DecodedRecord<M>>, Limits, Future<Void>> transaction,
            Consumer<List<ConsumerRecord<byte[], byte[]>>> applied,
            int batchSize) {
        this.transactions = transactions;
        this.options = options;
        this.handler = handler;
        this.inbox = inbox;
        this.failures = failures;
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
        boolean patient = transientSince == 0 && lockWaitPolicy.allowsFullWait();
        return transaction
                .apply(part, BatchLimits.ofPart(part.size(), batchSize, patient))
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
        if (timingOutSince == 0) {
            timingOutSince = System.nanoTime();
        }
        boolean searchedForLong = System.nanoTime() - timingOutSince > MAX_TIMEOUT_BISECTION_NANOS;
        // If the database does not answer the ping, the search ends and the batch fails.
        return transactions
                .ping()
                .compose(answers -> searchedForLong ? park(part, cause) : isolateByBisection(part, cause));
    }

    private Future<Void> isolateTransient(List<DecodedRecord<M>> part, Throwable cause) {
        if (transientSince == 0) {
            transientSince = System.nanoTime();
            LOGGER.atInfo()
                    .addKeyValue("service", options.group())
                    .addKeyValue("messages", part.size())
                    .addKeyValue("error", String.valueOf(cause))
                    .log("transient failure in a batch, isolating the affected messages");
        }
        if (FailureClassifier.isRetryableAtOnce(cause)
                && retriedOnce.add(part.getFirst().messageId())) {
            return apply(part);
        }
        if (FailureClassifier.isLockTimeout(cause)) {
            lockWaitPolicy.timedOut();
            return part.size() == 1 ? park(part, cause) : parkBlocked(part, cause);
        }
        return bisectOrPark(part, cause);
    }

    // One statement finds all blocked messages, instead of one lock wait for each: hundreds of orders may need the same
    // product.
    private Future<Void> parkBlocked(List<DecodedRecord<M>> part, Throwable cause) {
        List<ReceivedMessage<M>> readable = part.stream()
                .filter(DecodedRecord::isDecoded)
                .map(DecodedRecord::toReceivedMessage)
                .toList();
        return transactions
                .run(BatchLimits.SINGLE_RETRY, tx -> handler.blockedMessages(tx, readable))
                .transform(asked -> {
                    if (asked.succeeded() && !asked.result().isEmpty()) {
                        return parkSelected(part, asked.result(), cause);
                    }
                    if (asked.failed() && FailureClassifier.classify(asked.cause()) == FailureKind.UNAVAILABLE) {
                        return Future.failedFuture(asked.cause());
                    }
                    // The query itself waited for a lock in vain: a whole table is locked.
                    return asked.failed() && FailureClassifier.isLockTimeout(asked.cause())
                            ? park(part, cause)
                            : bisectOrPark(part, cause);
                });
    }

    private Future<Void> parkSelected(List<DecodedRecord<M>> part, Set<UUID> lockedOut, Throwable cause) {
        List<DecodedRecord<M>> locked = new ArrayList<>();
        List<DecodedRecord<M>> free = new ArrayList<>();
        for (DecodedRecord<M> each : part) {
            (lockedOut.contains(each.messageId()) ? locked : free).add(each);
        }
        // Parked first, so that unblocked messages of the same keys queue up behind them.
        return park(locked, cause).compose(parked -> apply(free));
    }

    private Future<Void> bisectOrPark(List<DecodedRecord<M>> part, Throwable cause) {
        return part.size() == 1 || System.nanoTime() - transientSince > MAX_BISECTION_NANOS
                ? park(part, cause)
                : applyInHalves(part);
    }

    private Future<Void> isolateByBisection(List<DecodedRecord<M>> part, Throwable cause) {
        Map<UUID, UnprocessableMessageException> named = FailureClassifier.namedMessages(cause);
        List<DeadLetter> letters = new ArrayList<>();
        List<DecodedRecord<M>> others = new ArrayList<>();
        for (DecodedRecord<M> each : part) {
            UnprocessableMessageException never = named.get(each.messageId());
            if (never == null) {
                others.add(each);
            } else {
                letters.add(DeadLetter.unprocessable(each.source(), never, 1, Instant.now()));
            }
        }
        if (!letters.isEmpty()) {
            return deadLetter(letters).compose(buried -> apply(others));
        }
        return part.size() == 1 ? parkOrDeadLetter(part.getFirst(), cause) : applyInHalves(part);
    }

    private Future<Void> applyInHalves(List<DecodedRecord<M>> part) {
        int middle = part.size() / 2;
        return apply(part.subList(0, middle)).compose(firstHalf -> apply(part.subList(middle, part.size())));
    }

    /** Parks messages that are not at fault. This does not count as an attempt. */
    private Future<Void> park(List<DecodedRecord<M>> part, Throwable cause) {
        String error = DeliveryFailures.describe(cause);
        List<DecodedRecord<M>> readable =
                part.stream().filter(DecodedRecord::isDecoded).toList();
        List<DeadLetter> unreadable = part.stream()
                .filter(each -> !each.isDecoded())
                .map(BatchProcessor::toDeadLetter)
                .toList();
        return transactions
                .run(
                        BatchLimits.BOOKKEEPING,
                        tx -> inbox.claim(tx, options.group(), readable)
                                .compose(claimed -> failures.park(
                                        tx,
                                        readable.stream()
                                                .filter(each -> claimed.remove(each.messageId()))
                                                .map(each -> new ParkRequest(each, 0, error, failures.backoff(1), null))
                                                .toList()))
                                .compose(parked -> failures.deadLetter(tx, unreadable)))
                .onSuccess(done -> {
                    unreadable.forEach(failures::reportDeadLetter);
                    failures.reportParkedUncounted(readable, cause);
                });
    }

    private Future<Void> parkOrDeadLetter(DecodedRecord<M> message, Throwable cause) {
        Instant now = Instant.now();
        Optional<UnprocessableMessageException> never = FailureClassifier.findPermanent(cause);
        if (never.isPresent()) {
            return deadLetter(List.of(DeadLetter.unprocessable(message.source(), never.get(), 1, now)));
        }
        if (options.maxAttempts() <= 1) {
            return deadLetter(List.of(DeliveryFailures.exhausted(message.source(), cause, 1, now)));
        }
        ParkRequest parking = new ParkRequest(message, 1, DeliveryFailures.describe(cause), failures.backoff(1), null);
        return transactions
                .run(
                        BatchLimits.BOOKKEEPING,
                        tx -> inbox.claim(tx, options.group(), List.of(message))
                                .compose(claimed -> claimed.isEmpty()
                                        ? Future.<Void>succeededFuture()
                                        : failures.park(tx, List.of(parking))))
                .onSuccess(done -> failures.reportParked(message.source(), cause));
    }

    private Future<Void> deadLetter(List<DeadLetter> letters) {
        return transactions
                .run(BatchLimits.BOOKKEEPING, tx -> failures.deadLetter(tx, letters))
                .onSuccess(done -> letters.forEach(failures::reportDeadLetter));
    }
}
