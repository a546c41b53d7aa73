package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.util.List;

/** Publications that no longer contain the rows that the relay reads. Rows written meanwhile never arrive through the slot. */
final class PublicationCases {
    private static final List<String> ALTERATIONS = List.of(
            "DROP PUBLICATION lockstep_outbox",
            "ALTER PUBLICATION lockstep_outbox DROP TABLE outbox",
            "ALTER PUBLICATION lockstep_outbox SET (publish = 'delete')",
            "ALTER PUBLICATION lockstep_outbox SET TABLE outbox WHERE (octet_length(payload) % 2 = 0), outbox_heartbeat");

    private PublicationCases() {}

    static List<FaultCase> all() {
        return List.of(FaultCase.of(
                "alter-publication",
                "the publication of each service dropped, or altered to exclude rows",
                Protection.RECOVERY,
                PublicationCases::alter));
    }

    private static void alter(CaseRun run) {
        List<Service> services = List.of(Service.values());
        for (int i = 0; i < run.times(services.size(), 1); i++) {
            Database.execute(
                    run.stack().jdbcUrl(services.get(i % services.size())), ALTERATIONS.get(i % ALTERATIONS.size()));
            run.injected();
            run.awaitProgress();
        }
    }
}
