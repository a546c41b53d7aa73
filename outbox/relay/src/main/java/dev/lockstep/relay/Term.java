package dev.lockstep.relay;

import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;

/** One spell of leading: a producer, an engine and a heartbeat that live and die together. Nothing of it is used twice. */
final class Term implements Spell, Heartbeat.Checks {
    private static final Duration DRAIN = Duration.ofMillis(500);
    private static final int MOST_DOUBLINGS = 7;

    private final RelayConfig config;
    private final KafkaSender sender;
    private final RowSender rows;
    private final HeldRowRetrier retrier;
    private final OutboxPublisher publisher;
    private final RelayEngine engine;
    private final Heartbeat heartbeat;
    private final Watchdog watchdog;
    private final HeartbeatTopic topic;
    private final SlotKeeper keeper;
    private final RelayHealth health;
    private final StallDetector stall;
    private final Duration patience;
    private final Duration startLimit;

    private volatile boolean silent;
    private volatile @Nullable String endedBecause;
    private boolean active;

    Term(
            RelayConfig config,
            RelayDatabase database,
            SlotKeeper keeper,
            WatermarkStore watermark,
            SlotState slot,
            Snapshot settled,
            Supplier<Producer<byte[], byte[]>> producers,
            int silentBefore,
            RelayHealth health,
            RelayMetrics metrics) {
        this.config = config;
        this.keeper = keeper;
        this.health = health;
        // Doubled each time that an engine was silent again: the server says nothing either while it decodes a very
        // large transaction, and that must end some day.
        long times = 1L << Math.min(silentBefore, MOST_DOUBLINGS);
        patience = config.patience().multipliedBy(times);
        startLimit = config.startLimit().multipliedBy(times);
        stall = new StallDetector(startLimit, patience, System::nanoTime);
        TopicProbe probe = new AdminTopicProbe(config);
        topic = new HeartbeatTopic(config, probe);
        OutboxRecords records = new OutboxRecords(config.source());
        Ledger ledger = new Ledger(settled);
        HeldRows held = new HeldRows(database, health, config.bootstrapServers());
        sender = new KafkaSender(producers, config.bootstrapServers(), probe, health);
        rows = new RowSender(sender, records, held);
        retrier = new HeldRowRetrier(
                database,
                held,
                probe,
                () -> new KafkaSender(producers, config.bootstrapServers(), probe, health),
                records,
                metrics);
        Reconciler reconciler = new Reconciler(watermark, ledger, new TableSender(rows, metrics), metrics);
        heartbeat = new Heartbeat(config, database, keeper, watermark, topic, health, metrics, reconciler, this);
        publisher = new OutboxPublisher(
                rows, topic, () -> begin(keeper, slot), ledger, heartbeat::acknowledged, health, metrics);
        engine = new RelayEngine(
                config, new PublicationGuard(publisher, keeper::requireUnchangedPublication), stall::advanced);
        watchdog = new Watchdog(
                config,
                database,
                new StandbyStore(),
                new KafkaProbe(config),
                () -> longer(longer(sender.unanswered(), retrier.unanswered()), topic.unsettled()),
                this::close);
    }

    @Override
    public void run() {
        heartbeat.start();
        watchdog.start();
        try {
            engine.run();
            throwIfEnded();
        } catch (RelayException cause) {
            throwIfEnded();
            throw cause;
        } finally {
            watchdog.close();
            heartbeat.close();
            retrier.close();
            rows.close();
        }
    }

    // An engine that is closed may end with a failure of its own, or without one.
    private void throwIfEnded() {
        @Nullable
        String reason = switch (ending()) {
            case FAILED -> endedBecause;
            case SILENT ->
                gotSomewhere()
                        ? "slot %s has delivered nothing for %d s, not even a heartbeat"
                                .formatted(config.slotName(), patience.toSeconds())
                        : "the engine of slot %s has not started to read, its last step was \"%s\" more than %d s ago"
                                .formatted(config.slotName(), stall.step(), startLimit.toSeconds());
            case STEPPED_DOWN ->
                "Kafka at %s answers another relay and not this one".formatted(config.bootstrapServers());
            case CLOCK_SET_BACK -> "the clock was set back, by which producer and engine wait";
        };
        if (reason != null) {
            throw new RelayException(reason, null);
        }
    }

    /** Why it is over. */
    Ending ending() {
        Ending seen = watchdog.ending();
        if (seen != null) {
            return seen;
        }
        return silent ? Ending.SILENT : Ending.FAILED;
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    private void begin(SlotKeeper keeper, SlotState slot) {
        requireProven(keeper, slot);
        retrier.start();
    }

    private void requireProven(SlotKeeper keeper, SlotState slot) {
        if (!keeper.prove(slot)) {
            throw new RelayException(
                    "slot %s is not the one that it was when the engine started".formatted(config.slotName()), null);
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
        retrier.stop();
        rows.close();
        engine.close();
    }

    // A connection to nowhere is silent for ever. Our own heartbeats must come back, so silence is a fault of the
    // engine's.
    @Override
    public void beforeBeat(Duration late) {
        boolean stalled = stall.isStalled(publisher.silence(), gotSomewhere(), late);
        if (late.compareTo(config.patience().dividedBy(2)) >= 0) {
            return;
        }
        if (stalled) {
            silent = true;
            engine.close();
        }
    }

    @Override
    public void slot(Connection connection, Optional<SlotState> slot) throws SQLException {
        if (!active && slot.filter(SlotState::active).isPresent()) {
            active = true;
            stall.advanced("slot taken");
        }
        if (!gotSomewhere() && publisher.silence().isPositive()) {
            health.troubled("its engine starts, last step: " + stall.step());
        }
        if (!keeper.isPublicationUnchanged(connection)) {
            endedBecause = keeper.publicationChanged();
            engine.close();
        } else if (slot.filter(state -> state.lostBecause() != null).isPresent() && !gotSomewhere()) {
            // Debezium would wait for it for half an hour.
            endedBecause = "slot %s was lost while the engine started".formatted(config.slotName());
            engine.close();
        }
    }
}
