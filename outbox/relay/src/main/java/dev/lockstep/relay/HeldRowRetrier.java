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
 * Tries again, every second or so, whether Kafka takes what is held back, and sends it in the order in which it came. Has a thread and a
 * producer of its own, so that nothing else waits for it.
 */
final class HeldRowRetrier implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(HeldRowRetrier.class);
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final Duration INTERVAL = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    private static final int PAGE = 1_000;
    // What is left then is sent while everything else waits.
    private static final int FEW = 200;
    private static final int MOST_PAGES = 1_000;
    // So many may be sent in vain at once; the next attempt goes on behind them.
    private static final int MOST_REFUSALS = 100;

    private final RelayDatabase database;
    private final HeldRows held;
    private final TopicProbe probe;
    private final Supplier<KafkaSender> senders;
    private final OutboxRecords records;
    private final RelayMetrics metrics;
    private final HeldRowStore store = new HeldRowStore();
    private final Map<String, Attempts> attempts = new HashMap<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread =
            Thread.ofPlatform().daemon().name("relay-held-rows").unstarted(this::run);

    private volatile @Nullable KafkaSender sender;
    private String told = "";

    /** @param senders makes a sender, for the first row and after each failure that concerns more than a topic */
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

    /** How far the attempts with a topic have come. */
    private static final class Attempts {
        /** Rows up to here were tried in this round. */
        private long position;

        /** Rows up to here were looked for in the outbox, while Kafka takes none of the topic. */
        private long lookedUp;

        private boolean inWaves;
        private long due = System.nanoTime();
        private Duration pause = INTERVAL;

        void again(boolean gotSomewhere) {
            Duration twice = pause.multipliedBy(2);
            pause = gotSomewhere ? INTERVAL : twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
            due = System.nanoTime() + pause.toNanos();
        }

        boolean areDue() {
            return System.nanoTime() - due >= 0;
        }

        void beginAnew() {
            position = 0;
            inWaves = false;
        }
    }

    /** To be called once, by the relay that has the slot. */
    void start() {
        thread.start();
    }

    /** For how long Kafka has not acknowledged anything that it was sent from here. */
    Duration unanswered() {
        KafkaSender current = sender;
        return current == null ? Duration.ZERO : current.unanswered();
    }

    /** Ends all waiting for Kafka, and returns at once. */
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
                work();
            } while (!pause());
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        } finally {
            endSender();
        }
    }

    private void work() throws InterruptedException {
        try (Connection connection = database.connect("held rows retry", LIMIT)) {
            do {
                step(connection);
                told = "";
            } while (!pause());
        } catch (RelayException cause) {
            endSender();
            tell("held rows cannot be sent", cause);
        } catch (SQLException cause) {
            tell("held rows cannot be read", cause);
        } catch (RuntimeException cause) {
            // Without this thread held rows would wait for the next leader.
            endSender();
            tell("held rows failed unexpectedly", cause);
        }
    }

    // Once for each reason, not once for each attempt.
    private void tell(String what, Exception cause) {
        String reason = RelayException.reason(cause);
        if (closed.getCount() > 0 && !reason.equals(told)) {
            LOGGER.atWarn().addKeyValue("reason", reason).log(what + ", the relay tries again");
            told = reason;
        }
    }

    private boolean pause() throws InterruptedException {
        return closed.await(INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void step(Connection connection) throws SQLException, InterruptedException {
        held.refresh(store.topics(connection));
        Map<String, HeldTopic> topics = held.topics();
        attempts.keySet().retainAll(topics.keySet());
        if (topics.isEmpty()) {
            endSender();
            return;
        }
        Set<String> due = new HashSet<>();
        topics.keySet().forEach(topic -> {
            if (attempts.computeIfAbsent(topic, unknown -> new Attempts()).areDue()) {
                due.add(topic);
            }
        });
        if (due.isEmpty()) {
            return;
        }
        for (Map.Entry<String, Finding> finding : probe.ask(due).entrySet()) {
            attempt(connection, finding.getKey(), finding.getValue());
        }
    }

    private void attempt(Connection connection, String topic, Finding finding)
            throws SQLException, InterruptedException {
        Attempts state = attempts.computeIfAbsent(topic, unknown -> new Attempts());
        HeldTopic known = held.topics().get(topic);
        switch (finding.state()) {
            case USABLE -> state.again(round(connection, topic, state));
            case MISSING, REFUSED, WAITING -> {
                if (known != null && known.whole()) {
                    store.tell(connection, topic, known.row(), finding.reason());
                }
                forgetDeleted(connection, topic, state);
            }
            case UNKNOWN -> LOGGER.atDebug().addKeyValue("topic", topic).log("Kafka does not tell about the topic");
        }
    }

    // An operator gives rows up by deleting them, also those of a topic that can never be.
    private void forgetDeleted(Connection connection, String topic, Attempts state)
            throws SQLException, InterruptedException {
        Page page = store.deleted(connection, topic, state.lookedUp, PAGE);
        state.lookedUp = page.isEmpty() ? 0 : page.last();
        if (!page.gone().isEmpty()) {
            forget(connection, topic, page);
        } else if (!page.isEmpty()) {
            return;
        }
        // The topic may be held without any held row: its rows were deleted, perhaps before Kafka refused them.
        if (!store.keys(connection, topic, 1).isEmpty()) {
            return;
        }
        held.whileNothingIsSent(() -> {
            if (store.keys(connection, topic, 1).isEmpty()) {
                store.release(connection, topic);
                held.settle(topic, Set.of());
            }
        });
    }

    private void forget(Connection connection, String topic, Page page) throws SQLException {
        LOGGER.atWarn()
                .addKeyValue("topic", topic)
                .addKeyValue("ids", page.gone())
                .log("held rows were deleted from the outbox, they are not sent");
        store.forget(connection, topic, page.gone());
    }

    // Whether anything was sent.
    private boolean round(Connection connection, String topic, Attempts state)
            throws SQLException, InterruptedException {
        HeldTopic known = held.topics().get(topic);
        state.inWaves = state.inWaves || (known != null && !known.whole());
        int sent = 0;
        int refused = 0;
        // One row first: most often it is refused for the same reason as before.
        int limit = 1;
        for (int pages = 0; pages < MOST_PAGES; pages++) {
            Page page = store.page(connection, topic, state.position, limit);
            if (page.isEmpty() || (limit == PAGE && page.found() < FEW)) {
                break;
            }
            Outcome outcome = send(connection, topic, state, page);
            sent += outcome.sent();
            refused += outcome.refused();
            if (outcome.topicRefused()) {
                state.beginAnew();
                return sent > 0;
            }
            if (refused >= MOST_REFUSALS && sent == 0) {
                return false;
            }
            limit = PAGE;
            if (pages == MOST_PAGES - 1) {
                // finish() blocks all other topics until the rest is sent, and the rest may be large. The next round
                // goes on from here.
                return sent > 0;
            }
        }
        return finish(connection, topic, state) || sent > 0;
    }

    private boolean finish(Connection connection, String topic, Attempts state)
            throws SQLException, InterruptedException {
        boolean[] sent = new boolean[1];
        held.whileNothingIsSent(() -> {
            Page page = store.page(connection, topic, state.position, PAGE);
            while (!page.isEmpty()) {
                Outcome outcome = send(connection, topic, state, page);
                sent[0] |= outcome.sent() > 0;
                if (outcome.topicRefused()) {
                    state.beginAnew();
                    return;
                }
                page = store.page(connection, topic, state.position, PAGE);
            }
            Set<Long> keys = store.keys(connection, topic, HeldRows.MOST_KEYS + 1);
            if (keys.isEmpty()) {
                store.release(connection, topic);
            }
            held.settle(topic, keys);
            state.beginAnew();
        });
        return sent[0];
    }

    /** What became of a page. */
    private record Outcome(int sent, int refused, boolean topicRefused) {}

    private Outcome send(Connection connection, String topic, Attempts state, Page page)
            throws SQLException, InterruptedException {
        if (!page.gone().isEmpty()) {
            forget(connection, topic, page);
        }
        List<Outgoing> batch =
                page.rows().stream().map(row -> Outgoing.row(row, records)).toList();
        new OrderedSender(sender()).send(batch, each -> state.inWaves || batch.size() == 1);
        List<UUID> sent = new ArrayList<>();
        List<HeldRow> refused = new ArrayList<>();
        boolean topicRefused = false;
        for (int i = 0; i < batch.size(); i++) {
            OutboxRow row = page.rows().get(i);
            Refusal refusal = batch.get(i).refusal();
            if (refusal == null) {
                sent.add(UUID.fromString(row.id()));
            } else if (!refusal.equals(Refusal.BEHIND)) {
                refused.add(HeldRow.of(row, refusal));
                topicRefused |= refusal.isOf(Scope.TOPIC);
            }
        }
        if (!sent.isEmpty()) {
            store.forget(connection, topic, sent);
            metrics.relayed(sent.size(), page.rows().getLast().committed());
        }
        if (!refused.isEmpty()) {
            state.inWaves = true;
            store.refused(connection, refused);
            HeldRow first = refused.getFirst();
            store.tell(connection, topic, first.id().toString(), reason(first));
        }
        state.position = page.last();
        return new Outcome(sent.size(), refused.size(), topicRefused);
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
