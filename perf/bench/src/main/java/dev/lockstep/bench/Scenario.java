package dev.lockstep.bench;

import java.util.Set;

/** A numbered measurement. */
public interface Scenario {
    String id();

    String title();

    /** The programs that the scenario runs and that Lockstep does not bring. */
    default Set<String> tools() {
        return Set.of();
    }

    /**
     * Starts what it needs, measures, and returns the result. {@link Lab#resources} closes what was started.
     *
     * @throws BenchException if something cannot be measured
     */
    ScenarioResult run(Lab lab);
}
