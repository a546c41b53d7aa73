package dev.lockstep.relay;

import io.debezium.connector.postgresql.PostgresConnector;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.ChangeConsumer;
import io.debezium.engine.DebeziumEngine.ConnectorCallback;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.MemoryOffsetBackingStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A single-use Debezium engine. It reads the slot from the position that the previous engine confirmed after Kafka's acknowledgements.
 *
 * <pre>
 *   close ──▶ engine.close() ──refused during start──▶ close the engine's connections, interrupt its start
 *                   │                                                    │
 *                   ╰──── has not ended within the limit ────────────────┴──▶ abandoned
 * </pre>
 *
 * <p>An abandoned engine no longer delivers records and cannot connect to Postgres, so another engine can replace it at once.
 */
final class RelayEngine implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(RelayEngine.class);
    static final String THREADS = "relay-engine";
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(4);
    private static final Duration CLOSE_GRACE_PERIOD = Duration.ofSeconds(2);
    private static final Duration POLL = Duration.ofMillis(50);
    private static final Duration INTERRUPT_DELAY = Duration.ofMillis(500);
    // Longer than any start takes on a busy machine. Stalled engines are detected elsewhere and abandoned.
    private static final Duration TASK_LIMIT = Duration.ofMinutes(10);
    private static final AtomicLong RUNS = new AtomicLong();

    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final CountDownLatch started = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicBoolean abandoned = new AtomicBoolean();
    private final ThreadGroup threads = new ThreadGroup(THREADS);
    private final RelayConfig config;
    private final ChangeConsumer<RecordChangeEvent<SourceRecord>> consumer;
    private final Consumer<String> stepListener;
    private final EngineSocketFactory.Group sockets;
    private final Thread thread;
    private final DebeziumEngine<RecordChangeEvent<SourceRecord>> engine;

    private volatile boolean closed;
    private volatile @Nullable Long stoppedAt;
    private @Nullable Thread stopping;

    /** @param stepListener is called on the engine's threads for each step of its start and of its end that it completes */
    RelayEngine(
            RelayConfig config,
            ChangeConsumer<RecordChangeEvent<SourceRecord>> consumer,
            Consumer<String> stepListener) {
        this.config = config;
        this.consumer = consumer;
        this.stepListener = stepListener;
        String name = config.slotName() + "-" + RUNS.incrementAndGet();
        sockets = EngineSocketFactory.register(name);
        // Threads inherit the thread group of their creator. Creating the engine on this thread puts all of its threads
        // in the group.
        FutureTask<DebeziumEngine<RecordChangeEvent<SourceRecord>>> creation =
                new FutureTask<>(() -> DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
                        .using(settings(config, name))
                        .using((success, message, error) -> failure.set(error))
                        .using(new StepCallback())
                        .notifying(this::deliver)
                        .build());
        thread = new Thread(
                threads,
                () -> {
                    creation.run();
                    try {
                        started.await();
                        if (!closed) {
                            creation.resultNow().run();
                        }
                    } catch (InterruptedException | RuntimeException cause) {
                        failure.compareAndSet(null, cause);
                    } finally {
                        sockets.unregister();
                        ended.countDown();
                    }
                },
                THREADS + "-" + config.database());
        thread.setDaemon(true);
        thread.start();
        try {
            engine = creation.get();
        } catch (InterruptedException | ExecutionException cause) {
            threads.interrupt();
            throw new RelayException("the engine cannot be created: " + RelayException.reason(cause), cause);
        }
    }

    /**
     * Returns after {@link #close()}.
     *
     * @throws RelayException if the engine failed by itself or was abandoned
     */
    void run() {
        started.countDown();
        try {
            ended.await();
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
        Throwable cause = failure.get();
        if (cause instanceof RelayException own) {
            throw own;
        }
        if (cause != null) {
            throw new RelayException("the engine failed: " + RelayException.reason(cause), cause);
        }
    }

    /** Ends {@link #run()} and releases the slot. Bounded: an engine that does not end in time is abandoned. */
    @Override
    public void close() {
        closed = true;
        started.countDown();
        startStopThread();
        long start = System.nanoTime();
        try {
            while (!ended.await(POLL.toMillis(), TimeUnit.MILLISECONDS)) {
                Long stopped = stoppedAt;
                if (isPast(CLOSE_LIMIT, start)) {
                    abandon();
                    return;
                }
                if (stopped != null && isPast(INTERRUPT_DELAY, stopped)) {
                    // The thread may wait for a poll that never runs: Debezium drops a poll that is submitted while it
                    // stops.
                    thread.interrupt();
                } else if (stopped == null && isPast(CLOSE_GRACE_PERIOD, start)) {
                    // Every pending wait for Postgres now fails, and the start fails with it.
                    sockets.close();
                    interruptStart();
                }
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isPast(Duration limit, long since) {
        return System.nanoTime() - since > limit.toNanos();
    }

    // A separate thread, because the engine refuses to close while it starts, and close() waits for the engine's
    // threads.
    private synchronized void startStopThread() {
        if (stopping == null) {
            stopping = new Thread(threads, this::stop, THREADS + "-stop-" + config.database());
            stopping.setDaemon(true);
            stopping.start();
        }
    }

    private void stop() {
        try {
            do {
                try {
                    engine.close();
                    stoppedAt = System.nanoTime();
                    return;
                } catch (IllegalStateException startingOrEnding) {
                    LOGGER.atDebug().setCause(startingOrEnding).log("engine cannot be closed yet, retrying");
                } catch (IOException cause) {
                    LOGGER.atDebug().setCause(cause).log("closing the engine failed");
                }
            } while (!ended.await(POLL.toMillis(), TimeUnit.MILLISECONDS) && !abandoned.get());
        } catch (InterruptedException abandonedMeanwhile) {
            Thread.currentThread().interrupt();
        }
    }

    // Does not interrupt the engine's main thread: that thread would abandon a start which continues if it cannot be
    // interrupted, and which would then read the slot forever.
    private void interruptStart() {
        threads()
                .filter(candidate -> candidate != thread && candidate != stopping)
                .forEach(Thread::interrupt);
    }

    private void abandon() {
        if (ended.getCount() == 0 || abandoned.getAndSet(true)) {
            return;
        }
        failure.set(new RelayException(
                "the engine of slot %s did not end within %d s and was abandoned"
                        .formatted(config.slotName(), CLOSE_LIMIT.toSeconds()),
                null));
        LOGGER.atWarn()
                .addKeyValue("slot", config.slotName())
                .addKeyValue("seconds", CLOSE_LIMIT.toSeconds())
                .addKeyValue("threads", ThreadDump.of(threads()))
                .log("engine did not end in time and was abandoned, the relay replaces it");
        new AbandonedWalsender(config, sockets.close()).terminateAsync();
        // The stop thread keeps running: it closes the remaining engine threads if they ever unblock.
        threads().filter(candidate -> candidate != stopping).forEach(Thread::interrupt);
        ended.countDown();
    }

    private Stream<Thread> threads() {
        Thread[] all = new Thread[threads.activeCount() + 8];
        return Arrays.stream(all, 0, threads.enumerate(all));
    }

    private void deliver(
            List<RecordChangeEvent<SourceRecord>> batch, RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
            throws InterruptedException {
        if (abandoned.get()) {
            throw new RelayException("the engine was abandoned and must not publish", null);
        }
        consumer.handleBatch(batch, committer);
    }

    /** Receives Debezium's callbacks about the progress of the start and of the end. */
    private final class StepCallback implements ConnectorCallback {
        @Override
        public void connectorStarted() {
            stepListener.accept("connector started");
        }

        @Override
        public void taskStarted() {
            stepListener.accept("task started");
        }

        @Override
        public void pollingStarted() {
            stepListener.accept("polling started");
            // From here on the engine would accept a close, but the poll that is submitted next would never end.
            if (closed) {
                throw new RelayException("the engine was closed while it started", null);
            }
        }

        @Override
        public void taskStopped() {
            stepListener.accept("task stopped");
        }
    }

    /** @param name is used as a JMX name, which the previous run may not have released yet */
    static Properties settings(RelayConfig config, String name) {
        Properties settings = new Properties();
        settings.setProperty("name", name);
        settings.setProperty("topic.prefix", name);
        settings.setProperty("connector.class", PostgresConnector.class.getName());
        settings.setProperty("database.hostname", config.host());
        settings.setProperty("database.port", Integer.toString(config.port()));
        settings.setProperty("database.dbname", config.database());
        settings.setProperty("database.user", config.postgres().relay().user());
        settings.setProperty(
                "database.password", config.postgres().relay().password().get());
        config.postgres()
                .driverProperties()
                .forEach((property, value) -> settings.setProperty("database." + property, value));
        settings.setProperty("database.tcpKeepAlive", "true");
        settings.setProperty("driver.connectTimeout", "10");
        settings.setProperty("driver.loginTimeout", "10");
        settings.setProperty("driver.socketTimeout", "30");
        settings.setProperty("driver.socketFactory", EngineSocketFactory.class.getName());
        settings.setProperty("driver.socketFactoryArg", name);
        // A relay that is frozen or cut off loses the slot after this timeout, and another relay can take over. It is
        // not shorter, so that a pause of the JVM or of the machine does not require a new engine.
        settings.setProperty("driver.options", SessionSettings.options("statement_timeout=0", "wal_sender_timeout=5s"));
        // The keep-alive interval must be well below wal_sender_timeout, or a wait for Kafka would cost the slot.
        settings.setProperty("status.update.interval.ms", "1000");

        settings.setProperty("plugin.name", "pgoutput");
        settings.setProperty("slot.name", config.slotName());
        settings.setProperty("slot.drop.on.stop", "false");
        settings.setProperty("publication.name", config.publicationName());
        settings.setProperty("publication.autocreate.mode", "disabled");
        settings.setProperty("table.include.list", "public.outbox,public.outbox_heartbeat");
        // The publication does not contain this column either. Debezium still reads the table's columns from the
        // catalog and warns about a type that it does not know.
        settings.setProperty("column.exclude.list", "public.outbox.xid");

        // The slot alone stores the position. A stored offset may skip transactions when it is read back (dbz#76,
        // dbz#1554).
        settings.setProperty("offset.storage", MemoryOffsetBackingStore.class.getName());
        settings.setProperty("snapshot.mode", "no_data");
        settings.setProperty("offset.flush.interval.ms", "200");

        // The reading thread sleeps this long after five waits for a message in a row have timed out, see
        // EngineSocketFactory.
        settings.setProperty("poll.interval.ms", "20");
        settings.setProperty("queue.provider.type", CoalescingQueue.NAME);
        settings.setProperty("max.batch.size", "1");
        settings.setProperty("max.queue.size", Integer.toString(4 * CoalescingQueue.MAX_BATCH_SIZE));
        settings.setProperty("provide.transaction.metadata", "false");
        settings.setProperty("tombstones.on.delete", "false");
        // Any client can write a logical message into the WAL, and a publication that was created by hand may contain
        // more than inserts.
        settings.setProperty("message.prefix.exclude.list", ".*");
        settings.setProperty("skipped.operations", "u,d,t");

        // A retry inside the engine would continue with the next batch, or with stored offsets. A new engine starts
        // from the slot.
        settings.setProperty("errors.max.retries", "0");
        settings.setProperty("slot.max.retries", "0");
        settings.setProperty("slot.retry.delay.ms", "500");
        settings.setProperty("retriable.restart.connector.wait.ms", "500");
        settings.setProperty("lsn.flush.timeout.ms", "5000");
        settings.setProperty("record.processing.shutdown.timeout.ms", "500");
        settings.setProperty("executor.shutdown.timeout.ms", "500");
        settings.setProperty("task.management.timeout.ms", Long.toString(TASK_LIMIT.toMillis()));
        return settings;
    }
}
