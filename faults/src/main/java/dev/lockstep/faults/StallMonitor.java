package dev.lockstep.faults;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** Polls the order database every 100 ms, unaffected by network faults, for accepted orders that have ended. */
final class StallMonitor implements AutoCloseable {
    private static final Duration INTERVAL = Duration.ofMillis(100);
    private static final String ENDED =
            "SELECT order_id::text FROM orders WHERE order_id = ANY (?) AND status <> 'PENDING'";

    private final Stack stack;
    private final LoadGenerator load;
    private final Set<String> ended = ConcurrentHashMap.newKeySet();
    private final Thread thread = Thread.ofPlatform().daemon().name("watch").unstarted(this::run);
    private volatile long lastProgress = System.nanoTime();
    private volatile long longestStall;
    private volatile long slowestOrder;
    private volatile boolean closed;

    StallMonitor(Stack stack, LoadGenerator load) {
        this.stack = stack;
        this.load = load;
    }

    void start() {
        thread.start();
    }

    /** The longest time in which no order ended although accepted orders were in progress. */
    Duration longestStall() {
        return Duration.ofNanos(longestStall);
    }

    /** The longest time from an order's 202 to its end. */
    Duration slowestOrder() {
        return Duration.ofNanos(slowestOrder);
    }

    /** The number of orders that have ended. */
    int ended() {
        return ended.size();
    }

    /** Whether every accepted order has ended. */
    boolean allEnded() {
        return ended.containsAll(load.accepted().keySet());
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }

    private void run() {
        while (!closed) {
            try (Connection connection = DriverManager.getConnection(stack.jdbcUrl(Service.ORDER));
                    PreparedStatement statement = connection.prepareStatement(ENDED)) {
                while (!closed) {
                    poll(connection, statement);
                    Waiting.pause(INTERVAL);
                }
            } catch (SQLException away) {
                recordStall(load.accepted());
                pauseAfterFailure();
            } catch (FaultsException interrupted) {
                return;
            }
        }
    }

    private void pauseAfterFailure() {
        try {
            Waiting.pause(INTERVAL);
        } catch (FaultsException interrupted) {
            closed = true;
        }
    }

    private void poll(Connection connection, PreparedStatement statement) throws SQLException {
        Map<String, Long> accepted = load.accepted();
        Object[] open = accepted.keySet().stream()
                .filter(id -> !ended.contains(id))
                .map(UUID::fromString)
                .toArray();
        boolean progress = open.length == 0;
        if (open.length > 0) {
            statement.setArray(1, connection.createArrayOf("uuid", open));
            try (ResultSet row = statement.executeQuery()) {
                long now = System.nanoTime();
                while (row.next()) {
                    progress = true;
                    String orderId = row.getString(1);
                    ended.add(orderId);
                    slowestOrder = Math.max(slowestOrder, now - accepted.getOrDefault(orderId, now));
                }
            }
        }
        if (progress) {
            lastProgress = System.nanoTime();
        } else {
            recordStall(accepted);
        }
    }

    private void recordStall(Map<String, Long> accepted) {
        if (!ended.containsAll(accepted.keySet())) {
            longestStall = Math.max(longestStall, System.nanoTime() - lastProgress);
        }
    }
}
