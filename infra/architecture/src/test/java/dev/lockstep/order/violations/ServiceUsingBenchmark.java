package dev.lockstep.order.violations;

import dev.lockstep.bench.Goal;

/** A deliberate violation. */
public final class ServiceUsingBenchmark {
    public double mark(Goal goal) {
        return goal.mark();
    }
}
