package dev.lockstep.audit;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The checks, with the names that options and reports use, and the guarantee that each one verifies. */
enum Check {
    SETTLED("work that was in progress has completed"),
    ACCEPTED("every accepted order exists and ends once, with the same outcome everywhere"),
    STOCK("stock is conserved; only confirmed and unfinished orders hold stock"),
    MONEY("money is conserved; confirmed orders are charged once, cancelled orders net to zero"),
    RELAYED("every outbox row is on Kafka as it was written, and every record has its row"),
    ORDER("the messages of a key are on Kafka in commit order, in one partition"),
    GAPS("the sequence numbers of a key's messages have no gaps"),
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
                .orElseThrow(() ->
                        new IllegalArgumentException("\"" + name + "\" is not a check; the checks are " + names()));
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
