package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.deadletter.DeadLetterStore.DeadLetter;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Parking;
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
 * Applies one polled batch, and when its transaction fails finds the messages at fault, puts those aside and applies all others.
 *
 * <pre>
 *  the failure is ─┬─ UNAVAILABLE ──────────▶ the batch is tried again later
 *                  ├─ TRANSIENT, a lock ────▶ those that meet a locked row are parked at once, all others applied
 *                  ├─ TRANSIENT ────────────▶ once more, then in halves; a message that still fails is parked
 *                  ├─ PERMANENT, named ─────▶ the messages that the handler names are dead letters, all others applied
 *                  └─ PERMANENT, UNKNOWN ───▶ in halves; the message at fault is a dead letter, or parked and counted
 * </pre>
 */
final class BatchIsolation<M> {
    private static final Logger LOGGER = LoggerFactory.getLogger(BatchIsolation.class);
    // After this, what still fails is parked as it is instead of being taken apart further.
    private static final long LONGEST_SEARCH_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);
    private static final long LONGEST_SEARCH_FOR_HANGING_NANOS = TimeUnit.SECONDS.toNanos(40);

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final MessageHandler<M> handler;
    private final Inbox inbox;
    private final Setbacks setbacks;
    private final LockPatience patience;
    private final BiFunction<List<Inbound<M>>, Limits, Future<Void>> transaction;
    private final Consumer<List<ConsumerRecord<byte[], byte[]>>> applied;
    private final int whole;
    private final Set<UUID> repeated = new HashSet<>();
    private long transientSince;
    private long hangingSince;

    /**
     * @param transaction applies a part of the batch in one transaction
     * @param applied told of each part as soon as its outcome is durable
     * @param whole how many messages the batch has
     */
    BatchIsolation(
            BoundedTransactions transactions,
            ConsumerOptions options,
            MessageHandler<M> handler,
            Inbox inbox,
            Setbacks setbacks,
            LockPatience patience,
            BiFunction<List<Inbound<M>>, Limits, Future<Void>> transaction,
            Consumer<List<ConsumerRecord<byte[], byte[]>>> applied,
            int whole) {
        this.transactions = transactions;
        this.options = options;
        this.handler = handler;
        this.inbox = inbox;
        this.setbacks = setbacks;
        this.patience = patience;
        this.transaction = transaction;
        this.applied = applied;
        this.whole = whole;
    }

    /** Completes when the outcome of every message is durable; fails if the rest has to be tried again later. */
    Future<Void> apply(List<Inbound<M>> part) {
        if (part.isEmpty()) {
            return Future.succeededFuture();
        }
        boolean patient = transientSince == 0 && patience.isPatient();
        return transaction
                .apply(part, BatchLimits.ofPart(part.size(), whole, patient))
                .recover(cause -> isolate(part, cause))
                .onSuccess(done ->
                        applied.accept(part.stream().map(Inbound::source).toList()));
    }

    private Future<Void> isolate(List<Inbound<M>> part, Throwable cause) {
        return switch (FailureClassifier.classify(cause)) {
            case UNAVAILABLE -> Future.failedFuture(cause);
            case TRANSIENT -> isolateTransient(part, cause);
            case PERMANENT -> narrow(part, cause);
            case UNKNOWN ->
                cause instanceof TransactionTimeoutException ? isolateHanging(part, cause) : narrow(part, cause);
        };
    }

    private Future<Void> isolateHanging(List<Inbound<M>> part, Throwable cause) {
        if (hangingSince == 0) {
            hangingSince = System.nanoTime();
        }
        boolean searchedForLong = System.nanoTime() - hangingSince > LONGEST_SEARCH_FOR_HANGING_NANOS;
        // Not if it is the whole database that does not answer.
        return transactions.ping().compose(answers -> searchedForLong ? park(part, cause) : narrow(part, cause));
    }

    private Future<Void> isolateTransient(List<Inbound<M>> part, Throwable cause) {
        if (transientSince == 0) {
            transientSince = System.nanoTime();
            LOGGER.atInfo()
                    .addKeyValue("service", options.group())
                    .addKeyValue("messages", part.size())
                    .addKeyValue("error", String.valueOf(cause))
                    .log("a batch met a passing obstacle; looking for the messages that it concerns");
        }
        if (FailureClassifier.isWorthRepeating(cause)
                && repeated.add(part.getFirst().messageId())) {
            return apply(part);
        }
        if (FailureClassifier.isLockTimeout(cause)) {
            patience.lost();
            return part.size() == 1 ? park(part, cause) : parkLockedOut(part, cause);
        }
        return narrowOrPark(part, cause);
    }

    // They are found by one statement, not by waiting for each: of a product that many orders want there may be
    // hundreds.
    private Future<Void> parkLockedOut(List<Inbound<M>> part, Throwable cause) {
        List<Received<M>> readable =
                part.stream().filter(Inbound::readable).map(Inbound::received).toList();
        return transactions
                .run(BatchLimits.RETRY, tx -> handler.lockedOut(tx, readable))
                .transform(asked -> {
                    if (asked.succeeded() && !asked.result().isEmpty()) {
                        return parkThese(part, asked.result(), cause);
                    }
                    if (asked.failed() && FailureClassifier.classify(asked.cause()) == FailureKind.UNAVAILABLE) {
                        return Future.failedFuture(asked.cause());
                    }
                    // Not even that question got through: it is a whole table that is locked.
                    return asked.failed() && FailureClassifier.isLockTimeout(asked.cause())
                            ? park(part, cause)
                            : narrowOrPark(part, cause);
                });
    }

    private Future<Void> parkThese(List<Inbound<M>> part, Set<UUID> lockedOut, Throwable cause) {
        List<Inbound<M>> locked = new ArrayList<>();
        List<Inbound<M>> free = new ArrayList<>();
        for (Inbound<M> each : part) {
            (lockedOut.contains(each.messageId()) ? locked : free).add(each);
        }
        // First, so that those of their keys that are free queue up behind them.
        return park(locked, cause).compose(parked -> apply(free));
    }

    private Future<Void> narrowOrPark(List<Inbound<M>> part, Throwable cause) {
        return part.size() == 1 || System.nanoTime() - transientSince > LONGEST_SEARCH_NANOS
                ? park(part, cause)
                : inHalves(part);
    }

    private Future<Void> narrow(List<Inbound<M>> part, Throwable cause) {
        Map<UUID, UnprocessableMessageException> named = FailureClassifier.named(cause);
        List<DeadLetter> letters = new ArrayList<>();
        List<Inbound<M>> others = new ArrayList<>();
        for (Inbound<M> each : part) {
            UnprocessableMessageException never = named.get(each.messageId());
            if (never == null) {
                others.add(each);
            } else {
                letters.add(DeadLetter.unprocessable(each.source(), never, 1, Instant.now()));
            }
        }
        if (!letters.isEmpty()) {
            return bury(letters).compose(buried -> apply(others));
        }
        return part.size() == 1 ? putAside(part.getFirst(), cause) : inHalves(part);
    }

    private Future<Void> inHalves(List<Inbound<M>> part) {
        int middle = part.size() / 2;
        return apply(part.subList(0, middle)).compose(firstHalf -> apply(part.subList(middle, part.size())));
    }

    /** Parks messages that nothing is wrong with. That is not an attempt. */
    private Future<Void> park(List<Inbound<M>> part, Throwable cause) {
        String error = Setbacks.describe(cause);
        List<Inbound<M>> readable = part.stream().filter(Inbound::readable).toList();
        List<DeadLetter> unreadable = part.stream()
                .filter(each -> !each.readable())
                .map(BatchProcessor::unreadable)
                .toList();
        return transactions
                .run(
                        BatchLimits.BOOKKEEPING,
                        tx -> inbox.claim(tx, options.group(), readable)
                                .compose(claimed -> setbacks.park(
                                        tx,
                                        readable.stream()
                                                .filter(each -> claimed.remove(each.messageId()))
                                                .map(each -> new Parking(each, 0, error, setbacks.backoff(1), null))
                                                .toList()))
                                .compose(parked -> setbacks.bury(tx, unreadable)))
                .onSuccess(done -> {
                    unreadable.forEach(setbacks::reportDead);
                    setbacks.reportHeldUp(readable, cause);
                });
    }

    private Future<Void> putAside(Inbound<M> message, Throwable cause) {
        Instant now = Instant.now();
        Optional<UnprocessableMessageException> never = FailureClassifier.permanent(cause);
        if (never.isPresent()) {
            return bury(List.of(DeadLetter.unprocessable(message.source(), never.get(), 1, now)));
        }
        if (options.maxAttempts() <= 1) {
            return bury(List.of(Setbacks.exhausted(message.source(), cause, 1, now)));
        }
        Parking parking = new Parking(message, 1, Setbacks.describe(cause), setbacks.backoff(1), null);
        return transactions
                .run(
                        BatchLimits.BOOKKEEPING,
                        tx -> inbox.claim(tx, options.group(), List.of(message))
                                .compose(claimed -> claimed.isEmpty()
                                        ? Future.<Void>succeededFuture()
                                        : setbacks.park(tx, List.of(parking))))
                .onSuccess(done -> setbacks.reportParked(message.source(), cause));
    }

    private Future<Void> bury(List<DeadLetter> letters) {
        return transactions
                .run(BatchLimits.BOOKKEEPING, tx -> setbacks.bury(tx, letters))
                .onSuccess(done -> letters.forEach(setbacks::reportDead));
    }
}
