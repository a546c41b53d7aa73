package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.time.Duration;
import java.util.List;

/** Postgres sessions that can no longer write. */
final class SessionCases {
    private static final Duration RECOVERY_LIMIT = Duration.ofSeconds(30);

    private SessionCases() {}

    static List<FaultCase> all() {
        return List.of(FaultCase.of(
                "read-only-postgres",
                "every database read-only for a while, with all sessions reconnected meanwhile, as in a failover",
                Protection.SESSIONS,
                SessionCases::readOnly));
    }

    private static void readOnly(CaseRun run) {
        for (int i = 0; i < run.times(2, 1); i++) {
            for (Service service : Service.values()) {
                setReadOnly(run, service);
                run.injected();
            }
            // Long enough for every slot of every pool to be taken by a session that cannot write.
            run.pause(15_000, 20_000);
            for (Service service : Service.values()) {
                Database.execute(
                        administration(run),
                        "ALTER DATABASE " + service.database() + " RESET default_transaction_read_only");
            }
            int before = run.stallMonitor().ended();
            Waiting.until(
                    "orders to end again",
                    RECOVERY_LIMIT,
                    () -> run.stallMonitor().ended() > before);
        }
    }

    private static void setReadOnly(CaseRun run, Service service) {
        Database.execute(
                administration(run),
                "ALTER DATABASE " + service.database() + " SET default_transaction_read_only = on");
        Database.execute(administration(run), """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'
                """.formatted(service.database()));
    }

    // A session in the read-only database could not reset the setting.
    private static String administration(CaseRun run) {
        return run.stack().postgres().superuserUrl("postgres");
    }
}
