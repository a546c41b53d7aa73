package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.replication.ReplicationSlotMonitor;
import dev.lockstep.messaging.replication.SlotLimits;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** A relay that replaces a slot may wait for Kafka for hours, and all the while it is {@code <slot>_new} that keeps WAL. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplacedSlotIT {
    private static final SlotLimits LOW = new SlotLimits(1_000_000, 2_000_000);
    private static final SlotLimits HIGH = new SlotLimits(1_000_000, 1_000_000_000);

    private Fixture fixture;
    private String slot;

    @BeforeEach
    void open() {
        fixture = new Fixture();
        slot = fixture.database + "_outbox";
    }

    @AfterEach
    void close() {
        execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                + " WHERE database = current_database()");
        fixture.close();
    }

    @Test
    void new_work_is_refused_when_the_replacement_slot_retains_too_much_wal() {
        // Given
        createSlot(slot + "_new");
        write(3_000);

        // When
        ReplicationSlotMonitor guardian = watch(LOW);

        // Then
        assertThat(guardian.refusal().orElseThrow().detail())
                .contains("replication slot " + slot + "_new keeps", "nothing new is taken from 2000000 on");
        assertThat(guardian.problem()).isEmpty();
        assertThat(gauge("step")).isEqualTo(2);
        assertThat(gauge("retained.bytes")).isGreaterThan(3_000_000);
    }

    @Test
    void a_warning_is_shown_before_the_replacement_slot_retains_too_much_wal() {
        // Given
        createSlot(slot + "_new");
        write(3_000);

        // When
        ReplicationSlotMonitor guardian = watch(HIGH);

        // Then
        assertThat(guardian.warning().orElseThrow()).contains(slot + "_new keeps", "warned of from 1000000");
        assertThat(guardian.refusal()).isEmpty();
        assertThat(gauge("step")).isEqualTo(1);
    }

    @Test
    void a_healthy_slot_is_monitored_instead_of_its_leftover_replacement() {
        // Given
        createSlot(slot + "_new");
        write(3_000);
        createSlot(slot);

        // When
        ReplicationSlotMonitor guardian = watch(LOW);

        // Then
        assertThat(guardian.refusal()).isEmpty();
        assertThat(gauge("step")).isZero();
    }

    @Test
    void the_replacement_is_monitored_when_the_slot_is_lost() {
        // Given
        createSlot(slot);
        lose();
        createSlot(slot + "_new");
        write(3_000);

        // When
        ReplicationSlotMonitor guardian = watch(LOW);

        // Then
        assertThat(guardian.refusal()).isPresent();
        assertThat(guardian.problem()).isEmpty();
    }

    private ReplicationSlotMonitor watch(SlotLimits limits) {
        ReplicationSlotMonitor guardian =
                new ReplicationSlotMonitor(fixture.vertx, fixture.pool, slot, limits, fixture.meters);
        Fixture.await(guardian.start());
        guardian.stop();
        return guardian;
    }

    private void createSlot(String name) {
        execute("SELECT pg_create_logical_replication_slot('" + name + "', 'pgoutput')");
    }

    private void write(int kilobytes) {
        execute("CREATE TABLE IF NOT EXISTS noise (text text)");
        execute("INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, " + kilobytes + ")");
    }

    // As max_slot_wal_keep_size does it: WAL that the slot needs is older than the server is willing to keep.
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
        Fixture.await(fixture.pool.query(statement).execute());
    }
}
