package dev.lockstep.relay;

import dev.lockstep.relay.HeldRowStore.Page;
import dev.lockstep.relay.HeldRows.HeldTopic;
import dev.lockstep.relay.Refusal.Scope;
import dev.lockstep.relay.TopicProbe.Finding;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks about every second whether Kafka accepts held rows, and sends them in their original order. It has a thread and a producer of its
 * own, so that nothing else waits for it.
 */
final class HeldRowRetrier implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(HeldRowRetrier.class);
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final Backoff BACKOFF = new Backoff(INTERVAL, Duration.ofSeconds(5));
    private static final int PAGE = 1_000;
    // The remaining rows are sent under the exclusive lock, while all other sends wait.
    private static final int FINAL_BATCH_SIZE = 200;
    private static final int MAX_PAGES = 1_000;
    // Limit of refused rows for each attempt; the next attempt continues behind them.
    private static final int MAX_REFUSALS = 100;

    private final RelayDatabase database;
    private final HeldRows held;
    private final TopicProbe probe;
    private final Supplier<KafkaSender> senders;
    private final OutboxRecords records;
    private final RelayMetrics metrics;
    private final HeldRowStore store = new HeldRowStore();
    private final Map<String, RetryState> retryStates = new HashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread =
            Thread.ofPlatform().daemon().name("relay-held-rows").unstarted(this::run);

    private volatile @Nullable KafkaSender sender;
    private String lastLoggedReason = "";

    /** @param senders creates a sender, for the first row and after each failure that concerns more than one topic */
    HeldRowRetrier(
            RelayDatabase database,
            HeldRows held,
            TopicProbe probe,
            Supplier<KafkaSender> senders,
            OutboxRecords records,
            RelayMetrics metrics) {
        this.database = database;
        this.held = held;
        this.probe = probe;
        this.senders = senders;
        this.records = records;
        this.metrics = metrics;
    }

    /** The progress of the attempts for one topic. */
    private static final class RetryState {
        /** Rows up to this position were tried in the current round. */
        private long lastTriedPosition;

        /** Rows up to this position were looked up in the outbox while Kafka refuses the topic. */
        private long lastCheckedPosition;

        private boolean onePerKey;
        private long due = System.nanoTime();
        private int attemptsWithoutProgress;

        void scheduleNext(boolean madeProgress) {
            attemptsWithoutProgress = madeProgress ? 0 : attemptsWithoutProgress + 1;
            due = System.nanoTime() + BACKOFF.after(attemptsWithoutProgress + 1).toNanos();
        }

        boolean isDue() {
            return System.nanoTime() - due >= 0;
        }

        void restart() {
            lastTriedPosition = 0;
            onePerKey = false;
        }
    }

    /** Called once, by the relay that holds the slot. */
    void start() {
        thread.start();
    }

    /** How long Kafka has not acknowledged records that were sent from here. Zero if no record waits. */
    Duration stalledFor() {
        KafkaSender current = sender;
        return current == null ? Duration.ZERO : current.stalledFor();
    }

    /** Ends all waits for Kafka and returns at once. */
    void stop() {
        closed.countDown();
        KafkaSender current = sender;
        if (current != null) {
            current.close();
        }
        thread.interrupt();
    }

    @Override
    public void close() {
        stop();
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        try {
            thread.join(Duration.ofSeconds(1));
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            do {
                runConnected();
            } while (!pause());
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        } finally {
            endSender();
        }
    }

    private void runConnected() throws InterruptedException {
        try (Connection connection = database.connect("held rows retry", LIMIT)) {
            do {
                retryDueTopics(connection);
                lastLoggedReason = "";
            } while (!pause());
        } catch (RelayException cause) {
            endSender();
            warnOnce("held rows cannot be sent", cause);
        } catch (SQLException cause) {
            warnOnce("held rows cannot be read or updated", cause);
        } catch (RuntimeException cause) {
            // Without this thread held rows would have to wait for the next leader.
            endSender();
            warnOnce("sending held rows failed unexpectedly", cause);
        }
    }

    // Logs once for each reason, not for each attempt.
    private void warnOnce(String message, Exception cause) {
        String reason = RelayException.reason(cause);
        if (closed.getCount() > 0 && !reason.equals(lastLoggedReason)) {
            LOGGER.atWarn().addKeyValue("reason", reason).log(message + ", retrying");
            lastLoggedReason = reason;
        }
    }

    private boolean pause() throws InterruptedException {
        return closed.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void retryDueTopics(Connection connection) throws SQLException, InterruptedException {
        held.refresh(store.topics(connection));
        Map<String, HeldTopic> topics = held.topics();
        retryStates.keySet().retainAll(topics.keySet());
        if (topics.isEmpty()) {
            endSender();
            return;
        }
        Set<String> due = new HashSet<>();
        topics.keySet().forEach(topic -> {
            if (retryStates.computeIfAbsent(topic, unknown -> new RetryState()).isDue()) {
                due.add(topic);
            }
        });
        if (due.isEmpty()) {
            return;
        }
        for (Map.Entry<String, Finding> finding : probe.check(due).entrySet()) {
            retryTopic(connection, finding.getKey(), finding.getValue());
        }
    }

    private void retryTopic(Connection connection, String topic, Finding finding)
            throws SQLException, InterruptedException {
        RetryState state = retryStates.computeIfAbsent(topic, unknown -> new RetryState());
        HeldTopic known = held.topics().get(topic);
        switch (finding.state()) {
            case USABLE -> state.scheduleNext(sendPages(connection, topic, state));
            case MISSING, REFUSED, UNAVAILABLE -> {
                if (known != null && known.allKeys()) {
                    store.updateReason(connection, topic, known.row(), finding.reason());
                }
                removeDeletedRows(connection, topic, state);
            }
            case UNKNOWN ->
                LOGGER.atDebug().addKeyValue("topic", topic).log("state of the topic is unknown, Kafka did not answer");
        }
    }

    // An operator gives rows up by deleting them, including rows of a topic that can never exist.
    private void removeDeletedRows(Connection connection, String topic, RetryState state)
            throws SQLException, InterruptedException {
        Page page = store.findDeleted(connection, topic, state.lastCheckedPosition, PAGE);
        state.lastCheckedPosition = page.isEmpty() ? 0 : page.lastPosition();
        if (!page.deletedIds().isEmpty()) {
            removeDeleted(connection, topic, page);
        } else if (!page.isEmpty()) {
            return;
        }
        // The topic may be held without any held row: its rows were deleted, perhaps before Kafka refused them.
        if (!store.keys(connection, topic, 1).isEmpty()) {
            return;
        }
        held.runExclusively(() -> {
            if (store.keys(connection, topic, 1).isEmpty()) {
                store.release(connection, topic);
                held.replaceHeldKeys(topic, Set.of());
            }
        });
    }

    private void removeDeleted(Connection connection, String topic, Page page) throws SQLException {
        LOGGER.atWarn()
                .addKeyValue("topic", topic)
                .addKeyValue("ids", page.deletedIds())
                .log("held rows were deleted from the outbox and will not be sent");
        store.remove(connection, topic, page.deletedIds());
    }

    // Returns whether anything was sent.
    private boolean sendPages(Connection connection, String topic, RetryState state)
            throws SQLException, InterruptedException {
        HeldTopic known = held.topics().get(topic);
        state.onePerKey = state.onePerKey || (known != null && !known.allKeys());
        int sent = 0;
        int refused = 0;
        // The first page has one row, because most often it is refused for the same reason as before.
        int limit = 1;
        for (int pages = 0; pages < MAX_PAGES; pages++) {
            Page page = store.page(connection, topic, state.lastTriedPosition, limit);
            if (page.isEmpty() || (limit == PAGE && page.found() < FINAL_BATCH_SIZE)) {
                break;
            }
            PageResult outcome = send(connection, topic, state, page);
            sent += outcome.sent();
            refused += outcome.refused();
            if (outcome.topicRefused()) {
                state.restart();
                return sent > 0;
            }
            if (refused >= MAX_REFUSALS && sent == 0) {
                return false;
            }
            limit = PAGE;
            if (pages == MAX_PAGES - 1) {
                // sendRemaining() blocks all other topics until the rest is sent, and the rest may be large. The next
                // round continues from here.
                return sent > 0;
            }
        }
        return sendRemaining(connection, topic, state) || sent > 0;
    }

    private boolean sendRemaining(Connection connection, String topic, RetryState state)
            throws SQLException, InterruptedException {
        boolean[] sent = new boolean[1];
        held.runExclusively(() -> {
            Page page = store.page(connection, topic, state.lastTriedPosition, PAGE);
            while (!page.isEmpty()) {
                PageResult outcome = send(connection, topic, state, page);
                sent[0] |= outcome.sent() > 0;
                if (outcome.topicRefused()) {
                    state.restart();
                    return;
                }
                page = store.page(connection, topic, state.lastTriedPosition, PAGE);
            }
            Set<Long> keys = store.keys(connection, topic, HeldRows.MAX_KEYS + 1);
            if (keys.isEmpty()) {
                store.release(connection, topic);
            }
            held.replaceHeldKeys(topic, keys);
            state.restart();
        });
        return sent[0];
    }

    /** The result of a page. */
    private record PageResult(int sent, int refused, boolean topicRefused) {}

    private PageResult send(Connection connection, String topic, RetryState state, Page page)
            throws SQLException, InterruptedException {
        if (!page.deletedIds().isEmpty()) {
            removeDeleted(connection, topic, page);
        }
        List<OutgoingRecord> batch = page.rows().stream()
                .map(row -> OutgoingRecord.row(row, records))
                .toList();
        new OrderedSender(sender()).send(batch, each -> state.onePerKey || batch.size() == 1);
        List<UUID> sent = new ArrayList<>();
        List<HeldRow> refused = new ArrayList<>();
        boolean topicRefused = false;
        for (int i = 0; i < batch.size(); i++) {
            OutboxRow row = page.rows().get(i);
            Refusal refusal = batch.get(i).refusal();
            if (refusal == null) {
                sent.add(UUID.fromString(row.id()));
            } else if (!refusal.equals(Refusal.BLOCKED_BY_PREDECESSOR)) {
                refused.add(HeldRow.of(row, refusal));
                topicRefused |= refusal.isOf(Scope.TOPIC);
            }
        }
        if (!sent.isEmpty()) {
            store.remove(connection, topic, sent);
            metrics.relayed(sent.size(), page.rows().getLast().committed());
        }
        if (!refused.isEmpty()) {
            state.onePerKey = true;
            store.updateRefusals(connection, refused);
            HeldRow first = refused.getFirst();
            store.updateReason(connection, topic, first.id().toString(), reason(first));
        }
        state.lastTriedPosition = page.lastPosition();
        return new PageResult(sent.size(), refused.size(), topicRefused);
    }

    private static String reason(HeldRow row) {
        Refusal refusal = row.refusal();
        return refusal == null ? "" : refusal.reason();
    }

    private KafkaSender sender() {
        KafkaSender current = sender;
        if (current == null) {
            current = senders.get();
            sender = current;
            if (closed.getCount() == 0) {
                current.close();
            }
        }
        return current;
    }

    private void endSender() {
        KafkaSender current = sender;
        if (current != null) {
            current.close();
            sender = null;
        }
    }
}
