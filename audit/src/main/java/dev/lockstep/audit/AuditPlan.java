package dev.lockstep.audit;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to be audited.
 *
 * @param kafka client properties
 * @param accepted a file of order ids that were answered 202, {@code -} for standard input
 * @param settle how long to wait until nothing is under way; zero waits for nothing and calls nothing stuck
 * @param maxFindings how many findings of each check are kept
 * @param partitionsAdded whether topics have got more partitions, so that messages of a key may be in several
 */
record AuditPlan(
        Map<ServiceRole, DatabaseAddress> databases,
        Properties kafka,
        @Nullable Path accepted,
        Duration settle,
        Set<Check> checks,
        int maxFindings,
        boolean allowDeadLetters,
        boolean partitionsAdded) {
    AuditPlan {
        databases = Map.copyOf(databases);
        checks = Set.copyOf(checks);
    }
}
