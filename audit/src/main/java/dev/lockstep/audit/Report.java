package dev.lockstep.audit;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The result of an audit.
 *
 * @param figures total numbers of orders, rows and records, for comparison with other audits
 */
record Report(List<CheckResult> checks, Map<String, Long> figures, Duration took) {
    Report {
        checks = List.copyOf(checks);
        figures = new LinkedHashMap<>(figures);
    }

    boolean holds() {
        return checks.stream().allMatch(CheckResult::holds);
    }
}
