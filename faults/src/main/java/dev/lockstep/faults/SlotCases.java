package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** Replication slots that are lost while they hold unrelayed rows. */
final class SlotCases {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private SlotCases() {}

    static List<FaultCase> all() {
        return List.of(
                FaultCase.of(
                        "drop-slot",
                        "the slot of each service dropped while rows wait for Kafka",
                        Protection.RECOVERY,
                        run -> lose(run, SlotCases::drop)),
                FaultCase.of(
                        "lose-slot",
                        "the slot of each service invalidated by max_slot_wal_keep_size while rows wait for Kafka",
                        Protection.RECOVERY,
                        run -> lose(run, SlotCases::invalidate)));
    }

    private interface Loss {
        void apply(CaseRun run, Service service);
    }

    private static void lose(CaseRun run, Loss loss) {
        for (Service service : List.of(Service.values()).subList(0, run.times(4, 1))) {
            // Without Kafka rows accumulate that only the slot, or the table, can bring back.
            run.stack().kafkaProxy(service).cut();
            run.pause(1_000, 2_000);
            loss.apply(run, service);
            run.injected();
            run.stack().heal();
            run.awaitProgress();
        }
    }

    // The relay reconnects before the slot can be dropped, so this is repeated until it succeeds.
    private static void drop(CaseRun run, Service service) {
        String url = run.stack().jdbcUrl(service);
        Waiting.until("the slot of " + service.label() + " to be dropped", LIMIT, () -> {
            try {
                Database.execute(url, """
                    SELECT pg_terminate_backend(active_pid)
                      FROM pg_replication_slots WHERE slot_name = '%1$s' AND active;
                    SELECT pg_drop_replication_slot(slot_name)
                      FROM pg_replication_slots WHERE slot_name = '%1$s' AND NOT active
                    """.formatted(service.slot()));
                return isGone(url, service);
            } catch (FaultsException inUse) {
                return false;
            }
        });
    }

    // The relay replaces a lost slot by itself, and soon no slot of that name is left.
    private static boolean isGone(String url, Service service) {
        try {
            return Database.column(
                            url,
                            "SELECT slot_name FROM pg_replication_slots WHERE slot_name = ? AND wal_status <> 'lost'",
                            service.slot())
                    .isEmpty();
        } catch (SQLException cause) {
            return false;
        }
    }

    private static void invalidate(CaseRun run, Service service) {
        String url = run.stack().superuserUrl(service);
        setKeepSize(url, "16MB");
        Waiting.until("the slot of " + service.label() + " to be lost", LIMIT, () -> {
            Database.execute(url, """
                SELECT pg_logical_emit_message(false, 'faults', repeat('x', 1000000)) FROM generate_series(1, 48)
                """);
            Database.execute(url, "SELECT pg_switch_wal()");
            Database.execute(url, "CHECKPOINT");
            return isGone(url, service);
        });
        setKeepSize(url, "8GB");
    }

    private static void setKeepSize(String url, String size) {
        Database.execute(url, "ALTER SYSTEM SET max_slot_wal_keep_size = '" + size + "'");
        Database.execute(url, "SELECT pg_reload_conf()");
    }
}
