package dev.lockstep.messaging.delivery;

import dev.lockstep.messaging.delivery.ParkedHandling.Candidate;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Place;
import dev.lockstep.messaging.delivery.ParkedMessageStore.Position;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Retries parked messages of different keys together, in one transaction. If that transaction fails, each of its messages is retried
 * alone until it has left the table, so one message that fails or hangs delays the others once.
 */
final class JointRetries<M> {
    private static final int MOST_MESSAGES = 100;
    private static final long MOST_BYTES = 8L * 1024 * 1024;
    private static final int MOST_REMEMBERED = 10_000;

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final ParkedHandling<M> handling;
    private final ParkedMessageStore parked;
    private final PredecessorStore predecessors;
    private final Setbacks setbacks;
    private final Set<Position> alone = new HashSet<>();

    JointRetries(
            BoundedTransactions transactions,
            ConsumerOptions options,
            ParkedHandling<M> handling,
            ParkedMessageStore parked,
            PredecessorStore predecessors,
            Setbacks setbacks) {
        this.transactions = transactions;
        this.options = options;
        this.handling = handling;
        this.parked = parked;
        this.predecessors = predecessors;
        this.setbacks = setbacks;
    }

    /**
     * The result of a joint retry.
     *
     * @param begun the messages whose start was counted
     * @param settled those of them that were handled, or that now wait for another parked message
     * @param next the messages that those wait for, where they are due
     */
    record Result(List<Position> begun, Set<Position> settled, List<Position> next) {
        static final Result NOTHING = new Result(List.of(), Set.of(), List.of());
    }

    /**
     * Retries those of the messages that were never begun, as many as fit into one transaction.
     *
     * @return completes with the result, also if the transaction failed: then no message is settled. Fails if the starts could not be
     *     counted
     */
    Future<Result> retry(List<Position> positions) {
        List<Position> fit = positions.stream()
                .filter(position -> !alone.contains(position))
                .limit(Math.min(options.maxBatch(), MOST_MESSAGES))
                .toList();
        if (fit.size() < 2 || alone.size() >= MOST_REMEMBERED) {
            return Future.succeededFuture(Result.NOTHING);
        }
        return transactions
                .withConnection(
                        BatchLimits.BOOKKEEPING.transaction(),
                        connection -> parked.beginFirst(connection, fit, MOST_BYTES))
                .compose(begun -> begun.size() < 2
                        ? Future.succeededFuture(new Result(begun, Set.of(), List.of()))
                        : transactions
                                .run(BatchLimits.RETRY_TOGETHER, tx -> retry(tx, begun))
                                .otherwise(cause -> failed(begun, cause)));
    }

    /** Forgets a message that has left the table. */
    void forget(Position position) {
        alone.remove(position);
    }

    /** Forgets the messages of all other partitions. */
    void retain(Collection<TopicPartition> partitions) {
        alone.removeIf(position -> !partitions.contains(position.topicPartition()));
    }

    private Result failed(List<Position> begun, Throwable cause) {
        alone.addAll(begun);
        setbacks.reportTriedAlone(begun.size(), cause);
        return new Result(begun, Set.of(), List.of());
    }

    private Future<Result> retry(SqlConnection tx, List<Position> begun) {
        return parked.lock(tx, begun).compose(locked -> {
            List<Candidate<M>> candidates = locked.stream().map(handling::read).toList();
            List<Inbound<M>> messages =
                    candidates.stream().map(Candidate::inbound).toList();
            return predecessors
                    .missing(tx, messages)
                    .compose(missing -> parked.find(
                                    tx,
                                    messages.stream()
                                            .map(Inbound::previousId)
                                            .filter(Objects::nonNull)
                                            .toList())
                            .compose(found -> settle(tx, begun, candidates, missing, found)));
        });
    }

    private Future<Result> settle(
            SqlConnection tx,
            List<Position> begun,
            List<Candidate<M>> candidates,
            Set<UUID> withoutPredecessor,
            Map<UUID, Place> parkedPredecessors) {
        List<Candidate<M>> ready = new ArrayList<>();
        Set<Position> settled = new HashSet<>();
        List<Position> next = new ArrayList<>();
        Future<Void> waiting = Future.succeededFuture();
        for (Candidate<M> candidate : candidates) {
            Position position = candidate.parked().position();
            UUID previous = candidate.inbound().previousId();
            @Nullable Place before = previous == null ? null : parkedPredecessors.get(previous);
            if (withoutPredecessor.contains(candidate.parked().messageId())
                    || !candidate.inbound().readable()) {
                continue;
            }
            settled.add(position);
            if (previous == null || before == null) {
                ready.add(candidate);
            } else {
                waiting = waiting.compose(done -> parked.waitBehind(tx, position, previous, before.dueIn()));
                if (!before.dueIn().isPositive()) {
                    next.add(before.position());
                }
            }
        }
        return waiting.compose(done -> handling.apply(tx, ready)).map(new Result(begun, settled, next));
    }
}
