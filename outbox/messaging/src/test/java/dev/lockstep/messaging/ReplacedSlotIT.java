package dev.lockstep.messaging;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.replication.ReplicationSlotMonitor;
import dev.lockstep.messaging.replication.SlotLimits;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** While a relay replaces a slot, which may take hours if Kafka is unavailable, {@code <slot>_new} keeps the WAL. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplacedSlotIT {
    private static final SlotLimits LOW = new SlotLimits(1_000_000, 2_000_000);
    private static final SlotLimits HIGH = new SlotLimits(1_000_000, 1_000_000_000);

    @RegisterExtension
    final Fixture fixture = new Fixture();

    private final String slot = fixture.database + "_outbox";

    @AfterEach
    void close() {
        execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                + " WHERE database = current_database()");
    }

    @Test
    void new_work_is_refused_when_the_replacement_slot_retains_too_much_wal() {
        createSlot(slot + "_new");
        write(3_000);

        ReplicationSlotMonitor monitor = watch(LOW);

        assertThat(monitor.refusal().orElseThrow().detail())
                .contains("replication slot " + slot + "_new keeps", "new work is refused from 2000000 bytes");
        assertThat(monitor.problem()).isEmpty();
        assertThat(gauge("step")).isEqualTo(2);
        assertThat(gauge("retained.bytes")).isGreaterThan(3_000_000);
    }

    @Test
    void a_warning_is_shown_before_the_replacement_slot_retains_too_much_wal() {
        createSlot(slot + "_new");
        write(3_000);

        ReplicationSlotMonitor monitor = watch(HIGH);

        assertThat(monitor.warning().orElseThrow()).contains(slot + "_new keeps", "warning from 1000000 bytes");
        assertThat(monitor.refusal()).isEmpty();
        assertThat(gauge("step")).isEqualTo(1);
    }

    @Test
    void a_healthy_slot_is_monitored_instead_of_its_leftover_replacement() {
        createSlot(slot + "_new");
        write(3_000);
        createSlot(slot);

        ReplicationSlotMonitor monitor = watch(LOW);

        assertThat(monitor.refusal()).isEmpty();
        assertThat(gauge("step")).isZero();
    }

    @Test
    void the_replacement_is_monitored_when_the_slot_is_lost() {
        createSlot(slot);
        lose();
        createSlot(slot + "_new");
        write(3_000);

        ReplicationSlotMonitor monitor = watch(LOW);

        assertThat(monitor.refusal()).isPresent();
        assertThat(monitor.problem()).isEmpty();
    }

    private ReplicationSlotMonitor watch(SlotLimits limits) {
        ReplicationSlotMonitor monitor =
                new ReplicationSlotMonitor(fixture.vertx, fixture.pool, slot, limits, fixture.meters);
        await(monitor.start());
        monitor.stop();
        return monitor;
    }

    private void createSlot(String name) {
        execute("SELECT pg_create_logical_replication_slot('" + name + "', 'pgoutput')");
    }

    private void write(int kilobytes) {
        execute("CREATE TABLE IF NOT EXISTS noise (text text)");
        execute("INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, " + kilobytes + ")");
    }

    // Makes Postgres invalidate the slot, by a max_slot_wal_keep_size that is less than the WAL it retains.
    private void lose() {
        execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
        execute("SELECT pg_reload_conf()");
        try {
            Awaitility.await().until(() -> {
                write(1_000);
                execute("SELECT pg_switch_wal()");
                execute("CHECKPOINT");
                return fixture.strings("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + slot + "'")
                        .contains("lost");
            });
        } finally {
            execute("ALTER SYSTEM RESET max_slot_wal_keep_size");
            execute("SELECT pg_reload_conf()");
        }
    }

    private double gauge(String name) {
        return fixture.meters.get("lockstep.slot." + name).gauge().value();
    }

    private void execute(String statement) {
        await(fixture.pool.query(statement).execute());
    }
}
