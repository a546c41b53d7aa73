package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.consumer.BrokerOffsets.PartitionLog;
import dev.lockstep.messaging.consumer.LostRangeStore.DetectedLostRange;
import dev.lockstep.messaging.consumer.PartitionStart.StoredPosition;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.outbox.Outbox;
import dev.lockstep.messaging.outbox.ResendRequested;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Decides where a consumer starts to read its partitions. One transaction stores the decision and its consequences: the positions, the
 * ranges that were removed unread, and the requests to resend those messages. After its commit, a restart or another instance finds nothing
 * missing, so each loss is reported and requested once.
 */
final class StartPositionResolver {
    // A message may be written long before its transaction commits, and thus before messages that reached Kafka
    // earlier.
    private static final Duration RESEND_MARGIN = Duration.ofMinutes(10);
    private static final BoundedTransactions.Limits LIMITS =
            new BoundedTransactions.Limits(Duration.ofSeconds(30), Duration.ofSeconds(10));
    private static final Duration SAVE_TIMEOUT = Duration.ofSeconds(3);
    private static final String EARLIEST = "earliest";

    /** How long {@link #advance} takes at most. */
    static final Duration MAX_SAVE_DURATION = BoundedTransactions.longestRun(SAVE_TIMEOUT);

    private final BoundedTransactions transactions;
    private final ConsumerOptions options;
    private final ConsumerPositionStore positions;
    private final LostRangeStore lostRangeStore;
    private final LostRangeReporter reporter;
    private final Outbox outbox = new Outbox();

    StartPositionResolver(BoundedTransactions transactions, ConsumerOptions options, LostRangeReporter reporter) {
        this.transactions = transactions;
        this.options = options;
        this.positions = new ConsumerPositionStore(options.group());
        this.lostRangeStore = new LostRangeStore(options.group());
        this.reporter = reporter;
    }

    /** The decided start of each partition, and the positions to store as a result. */
    record StartDecisions(Map<TopicPartition, PartitionStart> starts, Map<TopicPartition, StoredPosition> known) {}

    /**
     * Decides where to start on the given partitions.
     *
     * @param logs every partition of their topics
     * @param firsts where to start on partitions that the group has never read
     * @param applied the positions that this member has applied since it last stored positions
     * @return completes when the decisions are committed
     */
    Future<StartDecisions> decide(
            Collection<TopicPartition> partitions,
            Map<TopicPartition, PartitionLog> logs,
            Map<TopicPartition, Long> firsts,
            Map<TopicPartition, StoredPosition> applied) {
        Set<String> topics =
                partitions.stream().map(TopicPartition::topic).collect(Collectors.toCollection(TreeSet::new));
        List<Runnable> reports = new ArrayList<>();
        return transactions
                .run(
                        LIMITS,
                        tx -> positions.lock(tx, topics).compose(stored -> {
                            Map<TopicPartition, StoredPosition> known = new HashMap<>(stored);
                            applied.forEach((partition, position) ->
                                    known.computeIfPresent(partition, (same, before) -> merge(before, position)));
                            StartDecisions decided = decideStarts(partitions, logs, firsts, known);
                            return write(tx, logs, known, decided, reports).map(decided);
                        }))
                .onSuccess(decided -> reports.forEach(Runnable::run))
                .compose(decided -> refreshRecent().map(decided).otherwise(decided));
    }

    private Future<Void> refreshRecent() {
        return transactions
                .withConnection(
                        LIMITS.lockWait(),
                        connection ->
                                lostRangeStore.recent(connection, options.topics(), LostRangeReporter.WARNING_DURATION))
                .onSuccess(reporter::setRecent)
                .mapEmpty();
    }

    /** Moves the stored positions forward to the applied ones. */
    Future<Void> advance(Map<TopicPartition, StoredPosition> applied) {
        return transactions.withConnection(SAVE_TIMEOUT, connection -> positions.advance(connection, applied));
    }

    private static StoredPosition merge(StoredPosition stored, StoredPosition applied) {
        if (!stored.topicId().equals(applied.topicId())) {
            return stored;
        }
        Instant time = stored.messageTime() == null
                        || (applied.messageTime() != null
                                && applied.messageTime().isAfter(stored.messageTime()))
                ? applied.messageTime()
                : stored.messageTime();
        return new StoredPosition(
                stored.topicId(), Math.max(stored.nextOffset(), applied.nextOffset()), time, stored.invalidOffset());
    }

    // When a topic is first seen, the positions of all its partitions are stored, including those of other members. A
    // partition that is missing among them later was added to the topic.
    private StartDecisions decideStarts(
            Collection<TopicPartition> partitions,
            Map<TopicPartition, PartitionLog> logs,
            Map<TopicPartition, Long> firsts,
            Map<TopicPartition, StoredPosition> known) {
        boolean fromOldest = options.autoOffsetReset().equals(EARLIEST);
        Set<String> topics = new HashSet<>();
        known.keySet().forEach(partition -> topics.add(partition.topic()));
        Map<TopicPartition, PartitionStart> starts = new HashMap<>();
        Map<TopicPartition, StoredPosition> next = new HashMap<>();
        logs.forEach((partition, log) -> {
            StoredPosition position = known.get(partition);
            boolean isNewTopic = !topics.contains(partition.topic());
            if (!partitions.contains(partition) && !isNewTopic) {
                return;
            }
            PartitionStart start;
            if (position != null) {
                start = PartitionStart.resume(log, position, fromOldest);
            } else if (!isNewTopic) {
                start = PartitionStart.forAddedPartition(log);
            } else {
                start = PartitionStart.forNewTopic(log, firsts.getOrDefault(partition, log.begin()));
            }
            if (partitions.contains(partition)) {
                starts.put(partition, start);
            } else if (start.lost() != null) {
                // The member that owns the partition reports the loss.
                return;
            }
            next.put(partition, positionAfter(log, position, start));
        });
        return new StartDecisions(starts, next);
    }

    private static StoredPosition positionAfter(
            PartitionLog log, @Nullable StoredPosition before, PartitionStart start) {
        long applied = before == null || start.lost() != null ? 0 : before.nextOffset();
        return new StoredPosition(
                log.topicId(),
                Math.max(applied, start.offset()),
                before == null ? null : before.messageTime(),
                start.invalidOffset());
    }

    private Future<Void> write(
            SqlConnection tx,
            Map<TopicPartition, PartitionLog> logs,
            Map<TopicPartition, StoredPosition> known,
            StartDecisions decided,
            List<Runnable> reports) {
        Future<Void> written = positions.save(tx, decided.known());
        Map<String, List<TopicPartition>> missing = decided.starts().entrySet().stream()
                .filter(each -> each.getValue().lost() != null)
                .map(Map.Entry::getKey)
                .collect(Collectors.groupingBy(TopicPartition::topic));
        for (Map.Entry<String, List<TopicPartition>> each : missing.entrySet()) {
            written = written.compose(
                    before -> request(tx, each.getKey(), each.getValue(), logs, known, decided, reports));
        }
        return written;
    }

    // One request covers all partitions of a topic: the senders do not know which partition a message went to.
    private Future<Void> request(
            SqlConnection tx,
            String topic,
            List<TopicPartition> partitions,
            Map<TopicPartition, PartitionLog> logs,
            Map<TopicPartition, StoredPosition> known,
            StartDecisions decided,
            List<Runnable> reports) {
        Instant now = Instant.now();
        return lostRangeStore
                .earliestSince(tx, topic, since(topic, partitions, logs, known, now))
                .map(since -> latest(since, now.minus(options.inboxRetention())))
                .compose(since -> {
                    Future<Void> added = Future.succeededFuture();
                    for (TopicPartition partition : partitions) {
                        PartitionStart.LostRange gone = Objects.requireNonNull(
                                Objects.requireNonNull(decided.starts().get(partition))
                                        .lost());
                        String topicId =
                                Objects.requireNonNull(logs.get(partition)).topicId();
                        added = added.compose(before -> lostRangeStore.add(tx, partition, topicId, gone, since));
                        reports.add(() -> reporter.report(new DetectedLostRange(now, partition, gone), since));
                    }
                    return added.compose(all -> LostRangeStore.newId(tx))
                            .compose(id -> outbox.append(tx, List.of(ResendRequested.forTopic(topic, since, id))));
                });
    }

    // If a topic was recreated, partitions that no longer exist may also have held unread records.
    private Instant since(
            String topic,
            List<TopicPartition> partitions,
            Map<TopicPartition, PartitionLog> logs,
            Map<TopicPartition, StoredPosition> known,
            Instant now) {
        Instant oldest = now.minus(options.inboxRetention());
        return known.entrySet().stream()
                .filter(each -> each.getKey().topic().equals(topic))
                .filter(each -> partitions.contains(each.getKey()) || !logs.containsKey(each.getKey()))
                .map(each -> each.getValue().messageTime())
                .map(time -> time == null ? oldest : time.minus(RESEND_MARGIN))
                .min(Instant::compareTo)
                .filter(time -> known.keySet().containsAll(partitions))
                .orElse(oldest);
    }

    private static Instant latest(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
