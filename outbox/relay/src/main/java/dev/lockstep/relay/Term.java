package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import java.time.Duration;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One spell of leading: a producer, an engine and a heartbeat that live and die together. Nothing of it is used twice. */
final class Term implements Spell {
    private static final Logger LOGGER = LoggerFactory.getLogger(Term.class);
    private static final Duration DRAIN = Duration.ofMillis(500);
    private static final Duration LEAST_PATIENCE = Duration.ofSeconds(15);

    private final RelayConfig config;
    private final KafkaSender sender;
    private final OutboxPublisher publisher;
    private final RelayEngine engine;
    private final Heartbeat heartbeat;

    private volatile boolean replaced;

    Term(
            RelayConfig config,
            RelayDatabase database,
            SlotKeeper keeper,
            WatermarkStore watermark,
            SlotState slot,
            Snapshot settled,
            Producer<byte[], byte[]> producer,
            RelayHealth health,
            RelayMetrics metrics) {
        this.config = config;
        HeartbeatTopic topic = new HeartbeatTopic(config);
        OutboxRecords records = new OutboxRecords(config.source());
        Ledger ledger = new Ledger(settled);
        sender = new KafkaSender(producer, config.bootstrapServers(), health);
        Reconciler reconciler = new Reconciler(watermark, ledger, new TableSender(sender, records, metrics), metrics);
        heartbeat = new Heartbeat(
                config, database, keeper, watermark, topic, health, metrics, reconciler, this::endIfStalled);
        publisher = new OutboxPublisher(
                sender,
                records,
                topic,
                () -> requireUntouched(keeper, slot),
                ledger,
                heartbeat::acknowledged,
                health,
                metrics);
        engine = new RelayEngine(config, publisher);
    }

    @Override
    public void run() {
        heartbeat.start();
        try {
            engine.run();
        } catch (RelayException cause) {
            throw replaced ? new SlotReplacedException(config.slotName()) : cause;
        } finally {
            heartbeat.close();
            sender.close();
        }
    }

    private void requireUntouched(SlotKeeper keeper, SlotState slot) {
        if (!keeper.isUntouched(slot)) {
            replaced = true;
            throw new SlotReplacedException(config.slotName());
        }
    }

    @Override
    public boolean gotSomewhere() {
        return publisher.hasRelayed();
    }

    /** Also gives the slot back. A batch on its way may still be acknowledged meanwhile. */
    @Override
    public void close() {
        publisher.drain(DRAIN);
        // Whoever still waits for Kafka has to let go, or the engine could not end.
        sender.close();
        engine.close();
    }

    // A connection to nowhere is silent for ever. Our own heartbeats must come back, so silence is a fault of the
    // engine's.
    private void endIfStalled() {
        Duration patience =
                config.stalledAfter().compareTo(LEAST_PATIENCE) > 0 ? config.stalledAfter() : LEAST_PATIENCE;
        if (publisher.silence().compareTo(patience) > 0) {
            LOGGER.atWarn().addKeyValue("slot", config.slotName()).log("the slot is silent, a new engine is needed");
            engine.close();
        }
    }
}
