package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.delivery.ParkedMessage.ParkedPosition;
import dev.lockstep.messaging.delivery.ParkedMessage.Position;
import dev.lockstep.messaging.delivery.ParkedMessageProcessor.DecodedParkedMessage;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Retries parked messages of different keys together, in one transaction. If that transaction fails, each of its messages is retried alone
 * until it has left the table. A message that fails or hangs therefore delays the others only once.
 */
final class ParkedBatchRetries<M> {
    private static final int MAX_MESSAGES = 100;
    private static final long MAX_BYTES = 8L * 1024 * 1024;
    private static final int MAX_RETRIED_ALONE = 10_000;

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final ParkedMessageProcessor<M> processor;
    private final ParkedMessageStore parked;
    private final ParkedStartStore starts;
    private final PredecessorWaitStore waits;
    private final SequenceGapStore sequenceGaps;
    private final DeliveryFailures failures;
    private final Set<Position> retriedAlone = new HashSet<>();

    ParkedBatchRetries(
            BoundedTransactions transactions,
            ConsumerOptions options,
            ParkedMessageProcessor<M> processor,
            ParkedMessageStore parked,
            SequenceGapStore sequenceGaps,
            DeliveryFailures failures) {
        this.transactions = transactions;
        this.options = options;
        this.processor = processor;
        this.parked = parked;
        this.starts = new ParkedStartStore(options.group());
        this.waits = new PredecessorWaitStore(options.group());
        this.sequenceGaps = sequenceGaps;
        this.failures = failures;
    }

    /**
     * The result of a joint retry.
     *
     * @param begun the messages whose start was counted
     * @param settled those of them that were handled, or that now wait for another parked message
     * @param next the parked messages that they wait for and that are due
     */
    record Result(List<Position> begun, Set<Position> settled, List<Position> next) {
        static final Result EMPTY = new Result(List.of(), Set.of(), List.of());
    }

    /**
     * Retries those of the messages that were never started, as many as fit into one transaction.
     *
     * @return completes with the result, even if the transaction failed: then no message is settled. Fails if the starts could not be
     *     counted
     */
    Future<Result> retry(List<Position> positions) {
        List<Position> fit = positions.stream()
                .filter(position -> !retriedAlone.contains(position))
                .limit(Math.min(options.maxBatch(), MAX_MESSAGES))
                .toList();
        if (fit.size() < 2 || retriedAlone.size() >= MAX_RETRIED_ALONE) {
            return Future.succeededFuture(Result.EMPTY);
        }
        return transactions
                .withConnection(
                        BatchLimits.BOOKKEEPING.transaction(),
                        connection -> starts.countFirstStarts(connection, fit, MAX_BYTES))
                .compose(begun -> begun.size() < 2
                        ? Future.succeededFuture(new Result(begun, Set.of(), List.of()))
                        : transactions
                                .run(BatchLimits.BATCH_RETRY, tx -> retry(tx, begun))
                                .otherwise(cause -> failed(begun, cause)));
    }

    /** Forgets a message that has left the table. */
    void forget(Position position) {
        retriedAlone.remove(position);
    }

    /** Forgets the messages of all other partitions. */
    void retain(RetriedPartitions partitions) {
        retriedAlone.removeIf(position -> !partitions.contains(position.topicPartition()));
    }

    private Result failed(List<Position> begun, Throwable cause) {
        retriedAlone.addAll(begun);
        failures.reportRetriedAlone(begun.size(), cause);
        return new Result(begun, Set.of(), List.of());
    }

    private Future<Result> retry(SqlConnection tx, List<Position> begun) {
        return parked.lock(tx, begun).compose(locked -> {
            List<DecodedParkedMessage<M>> candidates =
                    locked.stream().map(processor::read).toList();
            List<DecodedRecord<M>> messages =
                    candidates.stream().map(DecodedParkedMessage::decoded).toList();
            return sequenceGaps
                    .findWithoutPredecessor(tx, messages)
                    .compose(missing -> parked.find(
                                    tx,
                                    messages.stream()
                                            .map(DecodedRecord::previousId)
                                            .filter(Objects::nonNull)
                                            .toList())
                            .compose(found -> settle(tx, begun, candidates, missing, found)));
        });
    }

    private Future<Result> settle(
            SqlConnection tx,
            List<Position> begun,
            List<DecodedParkedMessage<M>> candidates,
            Set<UUID> withoutPredecessor,
            Map<UUID, ParkedPosition> parkedPredecessors) {
        List<DecodedParkedMessage<M>> ready = new ArrayList<>();
        Set<Position> settled = new HashSet<>();
        List<Position> next = new ArrayList<>();
        Future<Void> waiting = Future.succeededFuture();
        for (DecodedParkedMessage<M> candidate : candidates) {
            Position position = candidate.parked().position();
            UUID previous = candidate.decoded().previousId();
            @Nullable ParkedPosition before = previous == null ? null : parkedPredecessors.get(previous);
            if (withoutPredecessor.contains(candidate.parked().messageId())
                    || !candidate.decoded().isDecoded()) {
                continue;
            }
            settled.add(position);
            if (previous == null || before == null) {
                ready.add(candidate);
            } else {
                waiting = waiting.compose(done -> waits.waitBehind(tx, position, previous, before.dueIn()));
                if (!before.dueIn().isPositive()) {
                    next.add(before.position());
                }
            }
        }
        return waiting.compose(done -> processor.apply(tx, ready)).map(new Result(begun, settled, next));
    }
}
