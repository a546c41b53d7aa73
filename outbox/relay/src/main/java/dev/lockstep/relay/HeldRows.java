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
 * What is held back, as the relay that leads knows it.
 *
 * <pre>
 *             Kafka refuses the topic                    {@link HeldRowRetrier} has sent all that it can
 *   free ──────────────────────────────▶ held as a whole ──────────────▶ free, or some keys held
 *    ╰──── Kafka refuses a record ──▶ its key is held ──too many keys──▶╯
 * </pre>
 *
 * <p>A row is sent or held back while its sender has a turn, and a topic or key becomes free only while nobody has one. So no row is held back
 * behind one that is on its way, or sent past one that is held.
 */
final class HeldRows implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(HeldRows.class);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    // More would take memory, and a topic that refuses so many of its keys is better looked after as a whole.
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

    /** @param bootstrapServers where Kafka is, for messages */
    HeldRows(RelayDatabase database, RelayHealth health, String bootstrapServers) {
        this.database = database;
        this.health = health;
        this.bootstrapServers = bootstrapServers;
    }

    /**
     * A topic of which rows are held back.
     *
     * @param allKeys whether all of its rows are
     * @param keys hashes of the keys whose rows are held back, if not all are
     * @param row one that Kafka refused
     * @param reason what it said
     * @param rows how many are held back, as of the last look at the database
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

    /** Something to be done while nothing is sent. */
    interface ExclusiveAction {
        void run() throws SQLException, InterruptedException;
    }

    /** To be called before {@link #isHeld} is asked about rows that are then sent, and ended by {@link #endSend}. */
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

    /** Does the work while nobody has a turn; waits for one at most. */
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

    /** Whether the row has to wait behind others. */
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
     * Returns once the rows are durably held back, behind those that are held already.
     *
     * @throws RelayException if the database does not take them
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
                            .log("Kafka refused a row, it is held back with those that come after it");
                }
                changed.put(topic, before.withRefusedRow(row, refusal));
            }
        }
        updateTopics(changed);
    }

    /** Takes over what the database says is held, such as what an old leader has written meanwhile. */
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
     * To be called while nothing is sent, when everything that Kafka takes of the topic has been sent.
     *
     * @param keys those of which rows are still held back, or one more than can be kept
     */
    synchronized void replaceHeldKeys(String topic, Set<Long> keys) {
        HeldTopic before = topics.get(topic);
        if (before == null || keys.size() > MAX_KEYS) {
            return;
        }
        Map<String, HeldTopic> changed = new HashMap<>(topics);
        if (keys.isEmpty()) {
            changed.remove(topic);
            LOGGER.atInfo().addKeyValue("topic", topic).log("no row of the topic is held back any more");
        } else {
            changed.put(topic, new HeldTopic(false, Set.copyOf(keys), before.row(), before.reason(), before.rows()));
        }
        updateTopics(changed);
    }

    /** Returns at once. What is being written at this moment fails, or is held all the same. */
    @Override
    public void close() {
        closed = true;
        Connection open = connection;
        if (open != null) {
            try {
                open.abort(Runnable::run);
            } catch (SQLException cause) {
                LOGGER.atDebug().setCause(cause).log("connection cannot be ended");
            }
        }
        health.setHeldTopics(List.of());
    }

    private static HeldTopic entireTopic(TopicStatus found) {
        return new HeldTopic(true, Set.of(), found.row(), found.reason(), found.rows());
    }

    // All of a topic at first: the retrier finds out which keys have to stay held.
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
            // One that was left open may have been ended by the server meanwhile.
            if (fresh || closed) {
                throw new RelayException("rows cannot be held back: " + RelayException.reason(cause), cause);
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
        return "Kafka at %s does not take outbox row %s for topic %s: %s; %d %s held back, other topics go on"
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
