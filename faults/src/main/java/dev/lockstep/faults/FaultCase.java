package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;

/**
 * One fault that is injected while orders arrive.
 *
 * @param name the name on the command line
 * @param description the fault, in one sentence
 * @param protection the mechanism that prevents harm by this fault; without it the case must fail
 * @param machineType the system that the case has to run on
 * @param expectsDeadLetters whether dead letters are expected, because the case sends records that no service can handle
 * @param injection injects the fault; returns when the fault is over, or when the system is left to recover by itself
 */
record FaultCase(
        String name,
        String description,
        Protection protection,
        MachineType machineType,
        boolean expectsDeadLetters,
        Injection injection) {
    /** The system that a case runs on. */
    enum MachineType {
        /** The system that other cases use as well. */
        SHARED,
        /** A system of its own, with a small disk for Postgres. */
        SMALL_DISK,
        /** A system of its own, with a clock that the case can set. */
        OWN_CLOCK
    }

    /** The fault injection of a case. */
    @FunctionalInterface
    interface Injection {
        void inject(CaseRun run);
    }

    static FaultCase of(String name, String fault, Protection protection, Injection injection) {
        return new FaultCase(name, fault, protection, MachineType.SHARED, false, injection);
    }
}
