package dev.lockstep.relay;

import io.debezium.connector.postgresql.PostgresConnector;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.ChangeConsumer;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One Debezium engine, good for one run: it reads the slot from where Kafka's acknowledgements left it. */
final class RelayEngine implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(RelayEngine.class);
    static final String THREADS = "relay-engine";
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(4);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(2);
    private static final AtomicLong RUNS = new AtomicLong();

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final ThreadGroup threads = new ThreadGroup(THREADS);
    private final Thread thread;
    private final DebeziumEngine<RecordChangeEvent<SourceRecord>> engine;

    private volatile boolean closed;

    RelayEngine(RelayConfig config, ChangeConsumer<RecordChangeEvent<SourceRecord>> consumer) {
        // All threads of an engine come from the one that makes it, and so are in its group.
        FutureTask<DebeziumEngine<RecordChangeEvent<SourceRecord>>> making =
                new FutureTask<>(() -> DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                        .using(settings(config))
                        .using((success, message, error) -> failure.set(error))
                        .notifying(consumer)
                        .build());
        thread = new Thread(
                threads,
                () -> {
                    making.run();
                    try {
                        begun.await();
                        if (!closed) {
                            making.resultNow().run();
                        }
                    } catch (InterruptedException | RuntimeException cause) {
                        failure.compareAndSet(null, cause);
                    } finally {
                        ended.countDown();
                    }
                },
                THREADS + "-" + config.database());
        thread.setDaemon(true);
        thread.start();
        try {
            engine = making.get();
        } catch (InterruptedException | ExecutionException cause) {
            threads.interrupt();
            throw new RelayException("no engine: " + RelayException.reason(cause), cause);
        }
    }

    /** Returns when the engine has been closed; throws why it ended by itself. */
    void run() {
        begun.countDown();
        try {
            ended.await();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
        Throwable cause = failure.get();
        if (cause != null) {
            throw new RelayException("the engine ended: " + RelayException.reason(cause), cause);
        }
    }

    /**
     * Ends {@link #run()} and gives the slot back. Bounded: if {@code run} has not returned after it, the engine waits for Postgres, and has
     * to be closed again. The engine refuses while it is starting, so it is asked again, and what it is waiting for is interrupted if that
     * does not help: it waits half an hour for a slot that was lost before it started.
     */
    @Override
    public void close() {
        closed = true;
        begun.countDown();
        long start = System.nanoTime();
        long deadline = start + CLOSE_LIMIT.toNanos();
        boolean accepted = false;
        try {
            do {
                if (!accepted && System.nanoTime() - start > CLOSE_PATIENCE.toNanos()) {
                    interruptStart();
                }
                try {
                    engine.close();
                    accepted = true;
                } catch (IllegalStateException startingOrEnding) {
                    LOGGER.atDebug().setCause(startingOrEnding).log("engine cannot be closed at this moment");
                } catch (IOException cause) {
                    LOGGER.atWarn().setCause(cause).log("engine did not close properly");
                }
            } while (!ended.await(50, TimeUnit.MILLISECONDS) && System.nanoTime() < deadline);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    // All but the engine's own thread: that one would give up what is starting, which goes on if it cannot be
    // interrupted, and reads the slot for ever once it has begun to.
    private void interruptStart() {
        Thread[] all = new Thread[threads.activeCount() + 8];
        Arrays.stream(all, 0, threads.enumerate(all))
                .filter(candidate -> candidate != thread)
                .forEach(Thread::interrupt);
    }

    static Properties settings(RelayConfig config) {
        // The engine's name becomes a JMX name, which the run before this one may not have given back yet.
        String name = config.slotName() + "-" + RUNS.incrementAndGet();
        Properties settings = new Properties();
        settings.setProperty("name", name);
        settings.setProperty("topic.prefix", name);
        settings.setProperty("connector.class", PostgresConnector.class.getName());
        settings.setProperty("database.hostname", config.host());
        settings.setProperty("database.port", Integer.toString(config.port()));
        settings.setProperty("database.dbname", config.database());
        settings.setProperty("database.user", config.user());
        settings.setProperty("database.password", config.password());
        settings.setProperty("database.tcpKeepAlive", "true");
        settings.setProperty("driver.connectTimeout", "5");
        settings.setProperty("driver.loginTimeout", "5");
        settings.setProperty("driver.socketTimeout", "30");
        // A relay that is frozen, or cut off, loses the slot after this long, and another can take over. Not shorter: a
        // pause of the JVM or of the machine should not cost a new engine.
        settings.setProperty("driver.options", "-c wal_sender_timeout=5s");
        // The keep-alive has to fit well into that timeout, or a wait for Kafka would cost the slot.
        settings.setProperty("status.update.interval.ms", "1000");

        settings.setProperty("plugin.name", "pgoutput");
        settings.setProperty("slot.name", config.slotName());
        settings.setProperty("slot.drop.on.stop", "false");
        settings.setProperty("publication.name", config.publicationName());
        settings.setProperty("publication.autocreate.mode", "disabled");
        settings.setProperty("table.include.list", "public.outbox,public.outbox_heartbeat");

        // The slot is the only memory. A stored offset may skip transactions when it is read back (dbz#76, dbz#1554).
        settings.setProperty("offset.storage", MemoryOffsetBackingStore.class.getName());
        settings.setProperty("snapshot.mode", "no_data");
        settings.setProperty("offset.flush.interval.ms", "200");

        // How long the reading thread sleeps when there was nothing to read: half of it, on average, is in a lone row's
        // latency.
        settings.setProperty("poll.interval.ms", "5");
        settings.setProperty("queue.provider.type", CoalescingQueue.NAME);
        settings.setProperty("max.batch.size", "1");
        settings.setProperty("max.queue.size", Integer.toString(4 * CoalescingQueue.MOST));
        settings.setProperty("provide.transaction.metadata", "false");
        settings.setProperty("tombstones.on.delete", "false");
        // Anybody can write a message into the log, and a publication made by hand may let through more than inserts.
        settings.setProperty("message.prefix.exclude.list", ".*");
        settings.setProperty("skipped.operations", "u,d,t");

        // A retry inside the engine would go on with the next batch, or with stored offsets. A new engine starts from
        // the slot.
        settings.setProperty("errors.max.retries", "0");
        settings.setProperty("slot.max.retries", "0");
        settings.setProperty("slot.retry.delay.ms", "500");
        settings.setProperty("retriable.restart.connector.wait.ms", "500");
        settings.setProperty("lsn.flush.timeout.ms", "5000");
        settings.setProperty("record.processing.shutdown.timeout.ms", "500");
        settings.setProperty("executor.shutdown.timeout.ms", "500");
        settings.setProperty("task.management.timeout.ms", "10000");
        return settings;
    }
}
