package dev.lockstep.faults;

import java.util.List;
import java.util.stream.Stream;

/** The registry of all cases. */
final class FaultCases {
    // A selection short enough for a build: each kind of process killed, two kinds of crashes, a lost slot, repeated
    // records, unreadable records and fuzzing.
    private static final List<String> SHORT = List.of(
            "kill-services",
            "crash-in-transaction",
            "crash-in-relay",
            "kill-kafka",
            "kill-postgres",
            "drop-slot",
            "repeat-records",
            "poison",
            "fuzz-records");

    private FaultCases() {}

    static List<FaultCase> all() {
        return Stream.of(
                        ProcessCases.all(),
                        NetworkCases.all(),
                        SlotCases.all(),
                        PublicationCases.all(),
                        SessionCases.all(),
                        RecordCases.all(),
                        FuzzCases.all(),
                        KafkaCases.all(),
                        TopicCases.all(),
                        MachineCases.all(),
                        LockCases.all())
                .flatMap(List::stream)
                .toList();
    }

    static List<FaultCase> shortSuite() {
        return SHORT.stream().map(FaultCases::named).toList();
    }

    /** @throws IllegalArgumentException if there is no case of that name */
    static FaultCase named(String name) {
        return all().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + " is not a case; --list shows the cases"));
    }
}
