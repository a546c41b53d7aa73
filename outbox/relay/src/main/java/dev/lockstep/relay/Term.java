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
    private static final Duration LEAST_PATIENCE = Duration.ofSeconds(5);
    private static final int MOST_DOUBLINGS = 7;

    private final RelayConfig config;
    private final KafkaSender sender;
    private final OutboxPublisher publisher;
    private final RelayEngine engine;
    private final Heartbeat heartbeat;

    private final Duration patience;

    private volatile boolean replaced;
    private volatile boolean silent;

    Term(
            RelayConfig config,
            RelayDatabase database,
            SlotKeeper keeper,
            WatermarkStore watermark,
            SlotState slot,
            Snapshot settled,
            Producer<byte[], byte[]> producer,
            int silentBefore,
            RelayHealth health,
            RelayMetrics metrics) {
        this.config = config;
        patience = patience(config.stalledAfter(), silentBefore);
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
            if (silent) {
                throw new RelayException(
                        "slot %s has delivered nothing for %d s, not even a heartbeat"
                                .formatted(config.slotName(), patience.toSeconds()),
                        null);
            }
        } catch (RelayException cause) {
            throw replaced ? new SlotReplacedException(config.slotName()) : cause;
        } finally {
            heartbeat.close();
            sender.close();
        }
    }

    /** Whether it ended because the engine delivered nothing. */
    boolean wasSilent() {
        return silent;
    }

    // A third of the time after which readiness falls, so that a new engine has the rest of it to help. Doubled each
    // time that one was
    // silent again: the server says nothing either while it decodes a very large transaction, and that must end some
    // day.
    private static Duration patience(Duration stalledAfter, int silentBefore) {
        Duration third = stalledAfter.dividedBy(3);
        return (third.compareTo(LEAST_PATIENCE) > 0 ? third : LEAST_PATIENCE)
                .multipliedBy(1L << Math.min(silentBefore, MOST_DOUBLINGS));
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
        if (publisher.silence().compareTo(patience) > 0) {
            LOGGER.atWarn()
                    .addKeyValue("slot", config.slotName())
                    .addKeyValue("seconds", patience.toSeconds())
                    .log("the slot is silent, a new engine is needed");
            silent = true;
            engine.close();
        }
    }
}
