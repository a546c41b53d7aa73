package dev.lockstep.relay;

import dev.lockstep.relay.RelayHealth.Role;
import dev.lockstep.relay.SlotStore.SlotState;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for the slot to be free, leads while it can, and starts over after whatever ended that.
 *
 * <pre>
 *              slot is active elsewhere          slot is free
 *     STARTING ────────────────────────▶ STANDBY ─────────────▶ {@link Term} ──engine ended──╮
 *      ▲    │ ╰────────────── slot is free ───────────────────────▲                   │
 *      │    ╰── no slot, or a lost one, and rows pending ──▶ {@link Recovery} ──────────────┤
 *      ╰──────────────────────────────── backoff ────────────────────────────────────╯
 * </pre>
 */
final class Supervisor {
    private static final Logger LOGGER = LoggerFactory.getLogger(Supervisor.class);
    private static final String OBJECT_IN_USE = "55006";
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(500);
    private static final Duration LAST_BACKOFF = Duration.ofSeconds(5);

    private final RelayConfig config;
    private final RelayDatabase database;
    private final SlotKeeper keeper;
    private final WatermarkStore watermark;
    private final Supplier<Producer<byte[], byte[]>> producers;
    private final RelayHealth health;
    private final RelayMetrics metrics;
    private final Succession succession;
    private final FailureLog failures;
    private final CountDownLatch closed = new CountDownLatch(1);

    private Duration backoff = FIRST_BACKOFF;
    private @Nullable Spell current;
    private int silent;

    Supervisor(
            RelayConfig config,
            RelayDatabase database,
            SlotKeeper keeper,
            WatermarkStore watermark,
            Supplier<Producer<byte[], byte[]>> producers,
            RelayHealth health,
            RelayMetrics metrics) {
        this.config = config;
        this.database = database;
        this.keeper = keeper;
        this.watermark = watermark;
        this.producers = producers;
        this.health = health;
        this.metrics = metrics;
        this.failures = new FailureLog(LOGGER, config.slotName(), System::nanoTime);
        this.succession = new Succession(new StandbyStore(), new KafkaProbe(config), config.patience());
    }

    /** Returns after {@link #close()}. */
    void run() {
        try {
            while (!isClosed()) {
                round();
            }
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends {@link #run()} and gives the slot back. Bounded. */
    void close() {
        Spell running;
        synchronized (this) {
            closed.countDown();
            running = current;
        }
        if (running != null) {
            running.close();
        }
    }

    private void round() throws InterruptedException {
        try {
            Optional<Supplier<Spell>> next = awaitTurn();
            if (next.isPresent()) {
                perform(next.get());
            }
        } catch (SQLException cause) {
            health.troubled(
                    "Postgres at %s:%d: %s".formatted(config.host(), config.port(), RelayException.reason(cause)));
            backOff();
        } catch (RuntimeException cause) {
            failures.warn("relay cannot lead", cause);
            health.troubled(RelayException.reason(cause));
            backOff();
        }
    }

    // Empty when the relay was closed meanwhile.
    private Optional<Supplier<Spell>> awaitTurn() throws SQLException, InterruptedException {
        try (Connection connection = database.connect("supervisor")) {
            while (!isClosed()) {
                Optional<SlotState> slot = keeper.state(connection);
                Optional<Duration> age = watermark.age(connection);
                age.ifPresent(health::watermarkMoved);
                if (slot.isEmpty() || slot.get().lostBecause() != null) {
                    health.become(Role.STARTING);
                    // To prepare looks for rows that are pending, which takes its time when they are many.
                    if (keeper.isRecoveredElsewhere(connection)) {
                        health.troubled("another relay sends what is pending from the table");
                    } else if (keeper.prepare() && keeper.holdsRecovery(connection)) {
                        return Optional.of(this::recovery);
                    }
                } else if (keeper.whyUnusable(slot.get()).isPresent()) {
                    health.become(Role.STARTING);
                    keeper.whyUnusable(slot.get()).ifPresent(health::blocked);
                } else if (slot.get().active()) {
                    standBy();
                    succession.standBy(connection, age.orElse(Duration.ZERO));
                } else if (!succession.mayLead()) {
                    health.become(Role.STARTING);
                    health.troubled("Kafka at %s does not answer this relay".formatted(config.bootstrapServers()));
                } else if (!keeper.dropStrange(connection) && keeper.setOut(connection, slot.get())) {
                    SlotState free = slot.get();
                    Snapshot settled = Snapshot.parse(watermark.read(connection).snapshot());
                    return Optional.of(() -> new Term(
                            config, database, keeper, watermark, free, settled, producers, silent, health, metrics));
                }
                // Two that wait must not always try at the same moment.
                pause(POLL.plusMillis(ThreadLocalRandom.current().nextLong(-50, 50)));
            }
            return Optional.empty();
        }
    }

    private Spell recovery() {
        return new Recovery(
                config,
                database,
                keeper,
                new TableSender(
                        new RowSender(
                                new KafkaSender(
                                        producers, config.bootstrapServers(), new AdminTopicProbe(config), health),
                                new OutboxRecords(config.source()),
                                new HeldRows(database, health, config.bootstrapServers())),
                        metrics),
                health);
    }

    private void standBy() {
        if (health.role() != Role.STANDBY) {
            LOGGER.atInfo().addKeyValue("slot", config.slotName()).log("relay stands by");
        }
        health.become(Role.STANDBY);
        health.flows();
    }

    private void perform(Supplier<Spell> next) throws InterruptedException {
        Spell spell = begin(next);
        if (spell == null) {
            return;
        }
        try {
            runToItsEnd(spell);
            backoff = FIRST_BACKOFF;
        } catch (RuntimeException cause) {
            tell(cause);
            count(spell);
            backoff = spell.gotSomewhere() ? FIRST_BACKOFF : backoff;
            backOff();
        }
    }

    // Before any backing off: by then another one may lead.
    private void runToItsEnd(Spell spell) throws InterruptedException {
        try {
            spell.run();
        } finally {
            synchronized (this) {
                current = null;
            }
            health.become(Role.STARTING);
            metrics.leading(false);
        }
    }

    private void count(Spell spell) {
        if (isClosed() || !(spell instanceof Term term)) {
            return;
        }
        Ending ending = term.ending();
        if (ending == Ending.STEPPED_DOWN) {
            succession.steppedDown();
        }
        silent = ending == Ending.SILENT && !term.gotSomewhere() ? silent + 1 : 0;
        // Attempts that get nowhere are one outage, which health tells about, not many restarts.
        if (ending != Ending.FAILED || term.gotSomewhere()) {
            metrics.ended(ending);
        }
    }

    private synchronized @Nullable Spell begin(Supplier<Spell> next) {
        if (isClosed()) {
            return null;
        }
        current = next.get();
        return current;
    }

    private void tell(RuntimeException cause) {
        String reason = RelayException.reason(cause);
        if (isClosed() || isTaken(cause)) {
            LOGGER.atDebug()
                    .setCause(cause)
                    .addKeyValue("slot", config.slotName())
                    .log("another relay leads");
        } else {
            failures.warn("relay stopped leading", cause);
            health.troubled(reason);
        }
    }

    private static boolean isTaken(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof SQLException refusal && OBJECT_IN_USE.equals(refusal.getSQLState())) {
                return true;
            }
        }
        return false;
    }

    private void backOff() throws InterruptedException {
        pause(backoff);
        Duration doubled = backoff.multipliedBy(2);
        backoff = doubled.compareTo(LAST_BACKOFF) < 0 ? doubled : LAST_BACKOFF;
    }

    private void pause(Duration duration) throws InterruptedException {
        closed.await(duration.toMillis(), TimeUnit.MILLISECONDS);
    }

    private boolean isClosed() {
        return closed.getCount() == 0;
    }
}
