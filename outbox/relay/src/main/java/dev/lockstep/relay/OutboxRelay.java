package dev.lockstep.relay;

import dev.lockstep.relay.RelayHealth.Role;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/**
 * Relays the outbox of one database to Kafka: every committed row at least once, in commit order for each key, and confirmed to
 * Postgres only after Kafka has acknowledged it. Of several relays on one database one works and the others wait.
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

    /** @param producers makes a producer for each engine, and for each time that rows are sent from the table */
    OutboxRelay(RelayConfig config, MeterRegistry meters, Supplier<Producer<byte[], byte[]>> producers) {
        RelayDatabase database = new RelayDatabase(config);
        WatermarkStore watermark = new WatermarkStore();
        health = new RelayHealth(config.slotName(), config.stalledAfter(), System::nanoTime);
        metrics = new RelayMetrics(meters, config.database(), health::heartbeatAgeSeconds);
        slotProvisioner = new SlotProvisioner(config, database, new SlotStore());
        supervisor = new Supervisor(config, database, slotProvisioner, watermark, producers, health, metrics);
        thread = Thread.ofPlatform().daemon().name("relay-" + config.database()).unstarted(supervisor::run);
    }

    /**
     * Creates the publication and the replication slot where they are missing, replaces a slot that is lost, and returns when both exist.
     * What commits after that is relayed, whenever the relay is started. Several instances may do this at the same time.
     *
     * <p>If rows are pending although there was no slot, because it was lost or the database comes from a backup, they are sent from
     * the table once the relay is started, before anything else. A slot that gets lost or dropped later is replaced in the same way.
     *
     * @throws RuntimeException that says what Postgres refused
     */
    public void prepare() {
        slotProvisioner.prepare();
    }

    /** Starts to relay, or to wait for the instance that does, and returns at once. */
    public synchronized void start() {
        if (started == null && health.role() != Role.CLOSED) {
            started = thread;
            thread.start();
        }
    }

    /** Empty while rows flow, here or through the instance that leads; otherwise one sentence that says what is wrong. Never blocks. */
    public Optional<String> problem() {
        return health.problem();
    }

    /** Stops within five seconds and gives the slot back, so that another instance can go on at once. A second call does nothing. */
    @Override
    public synchronized void close() {
        slotProvisioner.close();
        supervisor.close();
        if (started != null) {
            try {
                started.join(CLOSE_LIMIT);
            } catch (InterruptedException cause) {
                Thread.currentThread().interrupt();
            }
            started = null;
        }
        health.setRole(Role.CLOSED);
        metrics.close();
    }
}
