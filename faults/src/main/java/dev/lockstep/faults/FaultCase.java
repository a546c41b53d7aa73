package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;

/**
 * One way to break the system while orders pour in.
 *
 * @param name for the command line
 * @param description what is done, in one sentence
 * @param protection what keeps this fault from doing harm: without it the case must fail
 * @param machineType what the case needs to run on
 * @param expectsDeadLetters whether dead letters are expected, because the case makes records that nobody can handle
 * @param injection does it, and returns once everything is whole again or is left to recover by itself
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
        /** One that other cases have used and will use. */
        SHARED,
        /** Its own, whose Postgres has little room. */
        SMALL_DISK,
        /** Its own, whose clock can be set. */
        OWN_CLOCK
    }

    /** What a case does. */
    @FunctionalInterface
    interface Injection {
        void inject(CaseRun run);
    }

    static FaultCase of(String name, String fault, Protection protection, Injection injection) {
        return new FaultCase(name, fault, protection, MachineType.SHARED, false, injection);
    }
}
