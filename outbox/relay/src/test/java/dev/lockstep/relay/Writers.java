package dev.lockstep.relay;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Several writers that write to one outbox concurrently: one to three rows in each transaction, at random times, with some rollbacks.
 * Each key belongs to one writer, which numbers its values, so that a test can detect reordered and lost rows.
 */
final class Writers {
    private final OutboxFixture outbox;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<String, List<String>> committed = new ConcurrentHashMap<>();
    private volatile boolean stopped;

    private Writers(OutboxFixture outbox) {
        this.outbox = outbox;
    }

    static Writers start(OutboxFixture outbox, int count) {
        Writers writers = new Writers(outbox);
        for (int i = 0; i < count; i++) {
            int number = i;
            writers.threads.add(Thread.ofPlatform().daemon().name("writer-" + i).start(() -> writers.write(number)));
        }
        return writers;
    }

    int committedRows() {
        return committed.values().stream().mapToInt(List::size).sum();
    }

    /** Returns once this many further rows are committed. */
    void writeMore(int rows) {
        int target = committedRows() + rows;
        OutboxFixture.await().until(() -> committedRows() >= target);
    }

    /** Stops the writers and returns the committed values of each key, in order. */
    Map<String, List<String>> stop() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join();
        }
        return Map.copyOf(committed);
    }

    private void write(int number) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        Map<String, Integer> next = new HashMap<>();
        try (Connection connection = outbox.connect()) {
            connection.setAutoCommit(false);
            while (!stopped) {
                Map<String, List<String>> written = new HashMap<>();
                for (int row = random.nextInt(1, 4); row > 0; row--) {
                    String key = "writer-" + number + "-key-" + random.nextInt(4);
                    String value = key + ":" + next.merge(key, 1, Integer::sum);
                    outbox.append(connection, key, value);
                    written.computeIfAbsent(key, unseen -> new ArrayList<>()).add(value);
                    LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(3_000)));
                }
                if (random.nextInt(8) == 0) {
                    connection.rollback();
                    continue;
                }
                connection.commit();
                written.forEach((key, values) -> committed
                        .computeIfAbsent(key, unseen -> new ArrayList<>())
                        .addAll(values));
            }
        } catch (SQLException cause) {
            throw new IllegalStateException(cause);
        }
    }
}
