package dev.lockstep.audit;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** The four services as the documentation describes them, the one that hears of everything last first. */
enum ServiceRole {
    SAGA("sagas"),
    ORDER("orders"),
    INVENTORY("inventory"),
    PAYMENT("payments");

    static final String DEAD_LETTER_SUFFIX = ".dlq";

    private final String database;

    ServiceRole(String database) {
        this.database = database;
    }

    /** Whose {@code ce_source} this is. Empty for a stranger's. */
    static Optional<ServiceRole> of(String source) {
        return Arrays.stream(values())
                .filter(party -> party.source().equals(source))
                .findFirst();
    }

    /** Every topic that they write or bury letters on. */
    static SortedSet<String> topics() {
        SortedSet<String> topics = new TreeSet<>();
        for (ServiceRole party : values()) {
            for (String topic : party.consumedTopics()) {
                topics.add(topic);
                topics.add(topic + DEAD_LETTER_SUFFIX);
            }
        }
        return topics;
    }

    /** The database's usual name. */
    String database() {
        return database;
    }

    /** Its name in what people read: {@code order}. */
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Its {@code ce_source}. */
    String source() {
        return "/" + group();
    }

    /** Its consumer group. */
    String group() {
        return id() + "-service";
    }

    /** The topics that it reads. Whatever one of them writes, another one reads. */
    List<String> consumedTopics() {
        return switch (this) {
            case SAGA ->
                List.of(
                        "order.created",
                        "order.cancel-requested",
                        "inventory.updated",
                        "payment.updated",
                        "order.confirmed",
                        "order.cancelled");
            case ORDER -> List.of("order.commands");
            case INVENTORY -> List.of("inventory.commands");
            case PAYMENT -> List.of("payment.commands");
        };
    }
}
