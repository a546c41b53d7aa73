package dev.lockstep.audit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The counts and findings of one check. Counts every finding, but keeps only the first ones. */
final class CheckResult {
    private final Check check;
    private final int maxFindings;
    private final Map<String, Long> counts = new LinkedHashMap<>();
    private final List<Finding> findings = new ArrayList<>();
    private long broken;
    private long undecided;

    CheckResult(Check check, int maxFindings) {
        this.check = check;
        this.maxFindings = maxFindings;
    }

    Check check() {
        return check;
    }

    void count(String what) {
        count(what, 1);
    }

    void count(String what, long more) {
        counts.merge(what, more, Long::sum);
    }

    void addFinding(String id, String expected, String found, String look) {
        broken++;
        if (findings.size() < maxFindings) {
            findings.add(new Finding(id, expected, found, look));
        }
    }

    /** Counts items that cannot be judged yet: they may still complete, and the audit did not wait for them. */
    void addUndecided(long more) {
        undecided += more;
    }

    boolean holds() {
        return broken == 0;
    }

    long findingCount() {
        return broken;
    }

    long undecided() {
        return undecided;
    }

    Map<String, Long> counts() {
        return Collections.unmodifiableMap(counts);
    }

    List<Finding> findings() {
        return List.copyOf(findings);
    }
}
