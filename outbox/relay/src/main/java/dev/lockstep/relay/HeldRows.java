package dev.lockstep.relay;

import dev.lockstep.relay.HeldRowStore.TopicStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's view of which rows are held back.
 *
 * <pre>
 *   not held ── Kafka refuses the topic ──────────────────────────▶ all keys held
 *       ╰────── Kafka refuses a record ──▶ its key held ── too many keys ──▶╯
 *
 *   all keys held ── the retrier has sent every row that Kafka accepts ──▶ not held, or the keys held that Kafka still refuses
 * </pre>
 *
 * <p>{@link HeldRowRetrier} sends held rows later. Senders send or hold a row while they have the read lock. A topic or key is released
 * only under the write lock, while no sender is active. So no row is held behind one that is still in flight, or sent past one that is
 * held.
 */
final class HeldRows implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(HeldRows.class);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    // Limits memory. A topic that refuses more keys than this is better held as a whole.
    static final int MAX_KEYS = 10_000;

    private final RelayDatabase database;
    private final RelayHealth health;
    private final String bootstrapServers;
    private final HeldRowStore store = new HeldRowStore();
    private final ReentrantReadWriteLock sendLock = new ReentrantReadWriteLock();

    private volatile Map<String, HeldTopic> topics = Map.of();
    private volatile boolean loaded;
    private volatile boolean closed;
    private volatile @Nullable Connection connection;

    /** @param bootstrapServers the address of Kafka, for messages */
    HeldRows(RelayDatabase database, RelayHealth health, String bootstrapServers) {
        this.database = database;
        this.health = health;
        this.bootstrapServers = bootstrapServers;
    }

    /**
     * A topic with held rows.
     *
     * @param allKeys whether all rows of the topic are held back
     * @param keys hashes of the keys whose rows are held back, if not all are
     * @param row a row that Kafka refused
     * @param reason Kafka's reason
     * @param rows how many rows are held back, as last read from the database
     */
    record HeldTopic(boolean allKeys, Set<Long> keys, String row, String reason, long rows) {
        private HeldTopic withRefusedRow(HeldRow refused, Refusal refusal) {
            Set<Long> more = new HashSet<>(keys);
            more.add(refused.orderingKey().keyHash());
            boolean all = allKeys || refusal.isOf(Refusal.Scope.TOPIC) || more.size() > MAX_KEYS;
            return new HeldTopic(all, all ? Set.of() : more, row, reason, rows);
        }

        private HeldTopic withStatus(TopicStatus found) {
            return new HeldTopic(allKeys, keys, found.row(), found.reason(), found.rows());
        }
    }

    /** An action that runs while no sender is active. */
    interface ExclusiveAction {
        void run() throws SQLException, InterruptedException;
    }

    /**
     * Must be called before {@link #isHeld} is asked about rows that are then sent. {@link #endSend} must follow.
     *
     * @throws RelayException if the held rows cannot be read from the database
     */
    void beginSend() throws InterruptedException {
        sendLock.readLock().lockInterruptibly();
        if (!loaded) {
            try {
                load();
            } catch (RuntimeException cause) {
                sendLock.readLock().unlock();
                throw cause;
            }
        }
    }

    void endSend() {
        sendLock.readLock().unlock();
    }

    /**
     * Runs the action while no sender is active.
     *
     * @return false, without running the action, if a sender remained active for one second
     */
    boolean runExclusively(ExclusiveAction work) throws SQLException, InterruptedException {
        if (!sendLock.writeLock().tryLock(1, TimeUnit.SECONDS)) {
            return false;
        }
        try {
            work.run();
            return true;
        } finally {
            sendLock.writeLock().unlock();
        }
    }

    boolean isEmpty() {
        return topics.isEmpty();
    }

    /** Whether the row has to wait behind held rows. */
    boolean isHeld(OutboxRow row) {
        HeldTopic held = topics.get(OrderingKey.storedTopic(row.topic()));
        return held != null
                && (held.allKeys() || held.keys().contains(OrderingKey.of(row).keyHash()));
    }

    /** Whether some rows of the topic are held back, but not all. */
    boolean isPartiallyHeld(String topic) {
        HeldTopic held = topics.get(OrderingKey.storedTopic(topic));
        return held != null && !held.allKeys();
    }

    Map<String, HeldTopic> topics() {
        return topics;
    }

    /**
     * Returns once the rows are durably held back, behind those that are already held.
     *
     * @throws RelayException if the rows cannot be written to the database
     */
    synchronized void hold(List<HeldRow> rows) {
        write(rows);
        Map<String, HeldTopic> changed = new HashMap<>(topics);
        for (HeldRow row : rows) {
            Refusal refusal = row.refusal();
            if (refusal != null) {
                String topic = row.orderingKey().topic();
                HeldTopic before = changed.get(topic);
                if (before == null) {
                    before = new HeldTopic(false, Set.of(), row.id().toString(), refusal.reason(), rows.size());
                    LOGGER.atWarn()
                            .addKeyValue("topic", topic)
                            .addKeyValue("row", row.id())
                            .addKeyValue("reason", refusal.reason())
                            .log("Kafka refused a row, it is held back with later rows of its key or topic");
                }
                changed.put(topic, before.withRefusedRow(row, refusal));
            }
        }
        updateTopics(changed);
    }

    /** Adopts the state of the database, which includes rows that a former leader has held meanwhile. */
    synchronized void refresh(Map<String, TopicStatus> found) {
        if (found.isEmpty() && topics.isEmpty()) {
            return;
        }
        Map<String, HeldTopic> changed = new HashMap<>(topics);
        found.forEach((topic, state) ->
                changed.merge(topic, entireTopic(state), (known, unknown) -> known.withStatus(state)));
        updateTopics(changed);
    }

    /**
     * Called while no sender is active, after all rows of the topic that Kafka accepts have been sent.
     *
     * @param keys the keys that still have held rows, or one more than can be kept
     */
    synchronized void replaceHeldKeys(String topic, Set<Long> keys) {
        HeldTopic before = topics.get(topic);
        if (before == null || keys.size() > MAX_KEYS) {
            return;
        }
        Map<String, HeldTopic> changed = new HashMap<>(topics);
        if (keys.isEmpty()) {
            changed.remove(topic);
            LOGGER.atInfo().addKeyValue("topic", topic).log("topic has no held rows any more");
        } else {
            changed.put(topic, new HeldTopic(false, Set.copyOf(keys), before.row(), before.reason(), before.rows()));
        }
        updateTopics(changed);
    }

    /** Aborts the connection and returns at once. A write in progress fails, although Postgres may still complete it. */
    @Override
    public void close() {
        closed = true;
        Connection open = connection;
        if (open != null) {
            try {
                open.abort(Runnable::run);
            } catch (SQLException cause) {
                LOGGER.atDebug().setCause(cause).log("connection cannot be aborted");
            }
        }
        health.setHeldTopics(List.of());
    }

    private static HeldTopic entireTopic(TopicStatus found) {
        return new HeldTopic(true, Set.of(), found.row(), found.reason(), found.rows());
    }

    // Treats every held topic as held as a whole at first: the retrier finds out which keys must stay held.
    private synchronized void load() {
        if (!loaded) {
            try {
                refresh(store.topics(connection()));
                loaded = true;
            } catch (SQLException cause) {
                disconnect();
                throw new RelayException("held rows cannot be read: " + RelayException.reason(cause), cause);
            }
            if (topics.isEmpty()) {
                disconnect();
            }
        }
    }

    private void write(List<HeldRow> rows) {
        boolean fresh = connection == null;
        try {
            store.hold(connection(), rows);
        } catch (SQLException cause) {
            disconnect();
            // The server may have closed a connection that was left open, so the write is repeated once on a new one.
            if (fresh || closed) {
                throw new RelayException("held rows cannot be written: " + RelayException.reason(cause), cause);
            }
            write(rows);
        }
    }

    private void updateTopics(Map<String, HeldTopic> changed) {
        topics = Map.copyOf(changed);
        if (topics.isEmpty()) {
            disconnect();
        }
        if (!closed) {
            health.setHeldTopics(new TreeMap<>(topics)
                    .entrySet().stream()
                            .map(held -> describe(held.getKey(), held.getValue()))
                            .toList());
        }
    }

    private String describe(String topic, HeldTopic held) {
        return "Kafka at %s refuses outbox row %s for topic %s: %s; %d %s held back, other topics are not affected"
                .formatted(
                        bootstrapServers,
                        held.row(),
                        topic,
                        held.reason(),
                        Math.max(1, held.rows()),
                        held.rows() > 1 ? "rows of the topic are" : "row of the topic is");
    }

    private Connection connection() throws SQLException {
        Connection open = connection;
        if (open == null) {
            open = database.connect("held rows", LIMIT);
            connection = open;
        }
        return open;
    }

    private void disconnect() {
        Connection open = connection;
        connection = null;
        if (open != null) {
            try {
                open.close();
            } catch (SQLException cause) {
                LOGGER.atDebug().setCause(cause).log("connection cannot be closed");
            }
        }
    }
}
