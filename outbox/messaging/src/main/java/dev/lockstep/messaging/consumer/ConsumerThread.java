package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.failure.KafkaFailure;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread behind a {@link MessageConsumer}. It runs a {@link PollLoop} on a Kafka client, and replaces the client after a failure and
 * after the clock was set back. Start and stop it on its context.
 */
final class ConsumerThread {
    private static final Logger LOGGER = LoggerFactory.getLogger(ConsumerThread.class);
    private static final long CLOCK_CHECK_INTERVAL_MILLIS = 1_000;
    private static final Duration RECREATE_AFTER = Duration.ofSeconds(1);
    // Kafka's default of 30 s is reached whenever the coordinator does not answer, for instance during a rebalance that
    // another member delays.
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    /** How long the thread takes at most to end: a batch is in flight, and neither Kafka nor the database answers any more. */
    static final Duration MAX_STOP_DURATION =
            RecordDelivery.MAX_DURATION.plus(PollLoop.MAX_END_DURATION).plus(CLOSE_TIMEOUT);

    private final Context context;
    private final String group;
    private final Supplier<Consumer<byte[], byte[]>> clients;
    private final Function<Consumer<byte[], byte[]>, ClientLoop> loops;
    private final ConsumerProgress progress;
    private final Runnable release;
    private final Thread thread;
    private final Promise<Void> ended = Promise.promise();

    // Confined to the context.
    private final ClockSetBackDetector clock = new ClockSetBackDetector();
    private long clockTimer = -1;

    private volatile boolean stopping;
    private volatile boolean recreating;
    private volatile @Nullable Consumer<byte[], byte[]> current;

    /** Uses one Kafka client until it is asked to end. */
    @FunctionalInterface
    interface ClientLoop {
        void run(BooleanSupplier ending) throws InterruptedException;
    }

    /**
     * @param clients creates a Kafka client; the thread closes it
     * @param loops creates the loop of a client
     * @param release called by the thread before it ends
     */
    ConsumerThread(
            Context context,
            String group,
            Supplier<Consumer<byte[], byte[]>> clients,
            Function<Consumer<byte[], byte[]>, ClientLoop> loops,
            ConsumerProgress progress,
            Runnable release) {
        this.context = context;
        this.group = group;
        this.clients = clients;
        this.loops = loops;
        this.progress = progress;
        this.release = release;
        progress.report("has not joined its group yet");
        this.thread = Thread.ofPlatform().name("consumer-" + group).daemon().unstarted(this::run);
    }

    void start() {
        clockTimer = context.owner().setPeriodic(CLOCK_CHECK_INTERVAL_MILLIS, tick -> recreateIfClockSetBack());
        thread.start();
    }

    /**
     * Asks the thread to end. Completes on the context once it has ended, however often this is called. Takes at most
     * {@link #MAX_STOP_DURATION}.
     */
    Future<Void> stop() {
        context.owner().cancelTimer(clockTimer);
        if (!stopping) {
            stopping = true;
            wakeUp();
            if (thread.getState() == Thread.State.NEW) {
                release.run();
                ended.complete();
            }
        }
        return ended.future();
    }

    boolean isStopping() {
        return stopping;
    }

    private void recreateIfClockSetBack() {
        if (clock.wasSetBack()) {
            LOGGER.atWarn().addKeyValue("service", group).log("the clock was set back, recreating the Kafka consumer");
            recreating = true;
            wakeUp();
        }
    }

    private void wakeUp() {
        Consumer<byte[], byte[]> client = current;
        if (client != null) {
            client.wakeup();
        }
    }

    private void run() {
        try {
            while (!stopping) {
                runClient();
            }
        } finally {
            progress.report("has stopped");
            release.run();
            progress.threadEnded();
            context.runOnContext(end -> ended.complete());
        }
    }

    private void runClient() {
        // While no broker name can be resolved, no client can be created. That counts as progress for the liveness
        // check: a restart of the process would not help.
        progress.step();
        // Reset before the client is created: if the clock is set back meanwhile, this client is replaced too.
        recreating = false;
        try {
            runLoop(clients.get());
        } catch (WakeupException wakeup) {
            LOGGER.atDebug().addKeyValue("service", group).log("consumer woken up");
        } catch (RuntimeException failure) {
            // The thread continues after any failure. If it ended, its partitions would not be read until the session
            // times out, and the process would look alive.
            progress.report("cannot consume: "
                    + KafkaFailure.describe(failure)
                            .map(refusal -> "Kafka " + refusal)
                            .orElse(String.valueOf(failure.getMessage())));
            LOGGER.atWarn()
                    .addKeyValue("service", group)
                    .addKeyValue("error", String.valueOf(failure))
                    .log("the Kafka consumer failed, recreating it");
            LockSupport.parkNanos(RECREATE_AFTER.toNanos());
        } catch (InterruptedException interrupted) {
            stopping = true;
        }
    }

    private void runLoop(Consumer<byte[], byte[]> client) throws InterruptedException {
        current = client;
        try {
            loops.apply(client).run(() -> stopping || recreating);
        } finally {
            client.close(CloseOptions.timeout(CLOSE_TIMEOUT));
            current = null;
        }
    }
}
