package dev.lockstep.audit;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** The four services as the documentation describes them, in snapshot order, against the direction of the message flow. */
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

    /** The service with this {@code ce_source}. Empty for any other source. */
    static Optional<ServiceRole> of(String source) {
        return Arrays.stream(values())
                .filter(role -> role.source().equals(source))
                .findFirst();
    }

    /** Every topic that the services write, including dead-letter topics. */
    static SortedSet<String> topics() {
        SortedSet<String> topics = new TreeSet<>();
        for (ServiceRole role : values()) {
            for (String topic : role.consumedTopics()) {
                topics.add(topic);
                topics.add(topic + DEAD_LETTER_SUFFIX);
            }
        }
        return topics;
    }

    /** The default name of its database. */
    String database() {
        return database;
    }

    /** The service's name in text, such as {@code order}. */
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

    /** The topics that it reads. Every topic that one of the services writes is read by another one. */
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
