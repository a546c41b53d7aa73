package dev.lockstep.relay;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One spell of leading: a producer, an engine and a heartbeat that live and die together. Nothing of it is used twice. */
final class Term implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Term.class);
    private static final Duration DRAIN = Duration.ofMillis(500);

    private final RelayConfig config;
    private final KafkaSender sender;
    private final OutboxPublisher publisher;
    private final RelayEngine engine;
    private final Heartbeat heartbeat;

    Term(
            RelayConfig config,
            RelayDatabase database,
            SlotStore slots,
            WatermarkStore watermark,
            RelayHealth health,
            RelayMetrics metrics) {
        this.config = config;
        HeartbeatTopic topic = new HeartbeatTopic(config);
        heartbeat = new Heartbeat(config, database, slots, watermark, topic, health, metrics, this::endIfStalled);
        sender = new KafkaSender(OutboxProducer.create(config), config.bootstrapServers(), health);
        publisher = new OutboxPublisher(
                sender, new OutboxRecords(config.source()), topic, heartbeat::acknowledged, health, metrics);
        engine = new RelayEngine(config, publisher);
    }

    /** Relays until {@link #close()}, then returns. Throws whatever ended it before. */
    void run() {
        heartbeat.start();
        try {
            engine.run();
        } finally {
            heartbeat.close();
            sender.close();
        }
    }

    /** Whether this term has relayed anything, if only a heartbeat. */
    boolean hasRelayed() {
        return publisher.hasRelayed();
    }

    /** Ends {@link #run()} and gives the slot back. Bounded; a batch on its way may still be acknowledged meanwhile. */
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
        if (publisher.silence().compareTo(config.stalledAfter()) > 0) {
            LOGGER.atWarn().addKeyValue("slot", config.slotName()).log("the slot is silent, a new engine is needed");
            engine.close();
        }
    }
}
