package dev.lockstep.audit;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The checks, with the names that options and reports use, and the guarantee that each one verifies. */
enum Check {
    SETTLED("what was under way has come to its end"),
    ACCEPTED("every accepted order is there and ends once, and everybody agrees how"),
    STOCK("stock is conserved, and held by confirmed and live orders alone"),
    MONEY("money is conserved: confirmed orders are charged once, cancelled ones net to nothing"),
    RELAYED("every outbox row is on Kafka as it was written, and nothing else is"),
    ORDER("the messages of a key are on Kafka in the order in which they were committed, in one partition"),
    GAPS("the numbers of a key's messages have no holes"),
    ONCE("nothing takes effect twice"),
    LETTERS("no dead letter is open and no message is parked");

    private final String promise;

    Check(String promise) {
        this.promise = promise;
    }

    static Check of(String name) {
        return Arrays.stream(values())
                .filter(check -> check.label().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("\"" + name + "\" is no check; there are " + names()));
    }

    static String names() {
        return Arrays.stream(values()).map(Check::label).collect(Collectors.joining(","));
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    String promise() {
        return promise;
    }
}
