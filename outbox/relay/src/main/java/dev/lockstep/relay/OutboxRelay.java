package dev.lockstep.relay;

import dev.lockstep.relay.RelayHealth.Role;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/**
 * Relays the outbox of one database to Kafka. Every committed row is delivered at least once, in commit order for each key. A row is
 * confirmed to Postgres only after Kafka has acknowledged it or, if Kafka refuses it, after it was written to {@code outbox_held}. If
 * several relays run on one database, one leads and the others stand by.
 */
public final class OutboxRelay implements AutoCloseable {
    private static final Duration CLOSE_LIMIT = Duration.ofMillis(4500);

    private final RelayHealth health;
    private final RelayMetrics metrics;
    private final SlotProvisioner slotProvisioner;
    private final Supervisor supervisor;
    private final Thread thread;
    private @Nullable Thread started;

    public OutboxRelay(RelayConfig config, MeterRegistry meters) {
        this(config, meters, () -> OutboxProducer.create(config));
    }

    /** @param producers creates a producer for each engine, and for each run that sends rows from the table */
    OutboxRelay(RelayConfig config, MeterRegistry meters, Supplier<Producer<byte[], byte[]>> producers) {
        RelayDatabase database = new RelayDatabase(config);
        WatermarkStore watermark = new WatermarkStore();
        health = new RelayHealth(config.slotName(), config.stalledAfter(), System::nanoTime);
        metrics = new RelayMetrics(meters, config.database(), health::heartbeatAgeSeconds);
        slotProvisioner = new SlotProvisioner(config, database, new SlotStore());
        supervisor = new Supervisor(
                new RelayContext(config, database, slotProvisioner, watermark, producers, health, metrics));
        thread = Thread.ofPlatform().daemon().name("relay-" + config.database()).unstarted(supervisor::run);
    }

    /**
     * Creates the publication and the replication slot if they are missing, replaces a slot that is lost, and returns when both exist. Rows
     * that commit afterwards will be relayed, no matter when the relay is started. Several instances may call this method at the same time.
     *
     * <p>If rows are pending although there was no slot (because the slot was lost, or the database was restored from a backup), the relay
     * sends them from the table first after it is started. A slot that is lost or dropped later is replaced in the same way.
     *
     * @throws RuntimeException if Postgres refuses; the message says what was refused
     */
    public void prepare() {
        slotProvisioner.prepare();
    }

    /** Starts to relay, or to stand by while another instance leads. Returns immediately. */
    public synchronized void start() {
        if (started == null && health.role() != Role.CLOSED) {
            started = thread;
            thread.start();
        }
    }

    /**
     * Returns empty while rows flow, here or through the leading instance; otherwise one sentence that says what is wrong. Never blocks.
     */
    public Optional<String> problem() {
        return health.problem();
    }

    /** Stops within five seconds and releases the slot, so that another instance can take over at once. A second call has no effect. */
    @Override
    public synchronized void close() {
        long start = System.nanoTime();
        slotProvisioner.close();
        supervisor.close();
        if (started != null) {
            try {
                // Ending an engine may have taken the whole limit already.
                started.join(CLOSE_LIMIT.minusNanos(System.nanoTime() - start));
            } catch (InterruptedException cause) {
                Thread.currentThread().interrupt();
            }
            started = null;
        }
        health.setRole(Role.CLOSED);
        metrics.close();
    }
}
