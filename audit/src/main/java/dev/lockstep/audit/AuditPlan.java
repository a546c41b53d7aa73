package dev.lockstep.audit;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The input of an audit.
 *
 * @param settle how long to wait until nothing is in progress; with zero the audit does not wait and reports nothing as stuck
 * @param maxFindings how many findings of each check are kept
 * @param partitionsAdded whether partitions were added to topics, so that the messages of a key may be in several partitions
 */
record AuditPlan(
        Sources sources,
        Duration settle,
        Set<Check> checks,
        int maxFindings,
        boolean allowDeadLetters,
        boolean partitionsAdded) {
    /**
     * Where the evidence is read from.
     *
     * @param kafka Kafka client properties
     * @param accepted a file of ids of orders that were answered 202; {@code -} reads standard input
     */
    record Sources(
            Map<ServiceRole, DatabaseAddress> databases,
            Properties kafka,
            @Nullable Path accepted) {
        Sources {
            databases = Map.copyOf(databases);
        }

        DatabaseAddress database(ServiceRole role) {
            return Objects.requireNonNull(databases.get(role), () -> "no database of " + role);
        }
    }

    AuditPlan {
        checks = Set.copyOf(checks);
    }
}
