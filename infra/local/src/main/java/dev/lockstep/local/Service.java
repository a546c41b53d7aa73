package dev.lockstep.local;

import dev.lockstep.inventory.InventoryApp;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.order.OrderApp;
import dev.lockstep.payment.PaymentApp;
import dev.lockstep.saga.SagaApp;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The services, and their settings on a single machine. */
enum Service {
    ORDER("orders", 8080),
    INVENTORY("inventory", 8081),
    PAYMENT("payments", 8082),
    SAGA("sagas", 8083);

    private final String database;
    private final int defaultPort;

    Service(String database, int defaultPort) {
        this.database = database;
        this.defaultPort = defaultPort;
    }

    static Optional<Service> of(String id) {
        return Arrays.stream(values())
                .filter(service -> service.id().equals(id))
                .findFirst();
    }

    static String allIds() {
        return Arrays.stream(values()).map(Service::id).collect(Collectors.joining(", "));
    }

    /** The name in messages and options, such as {@code order}. */
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    String database() {
        return database;
    }

    int defaultPort() {
        return defaultPort;
    }

    /** The setting that changes its port. */
    String portSetting() {
        return name() + "_HTTP_PORT";
    }

    /** The jar that runs this service alone, relative to the root of the repository. */
    String jar() {
        return id() + "-verticle/target/" + id() + "-verticle.jar";
    }

    RunningService start(Map<String, String> environment) {
        return switch (this) {
            case ORDER -> OrderApp.start(environment);
            case INVENTORY -> InventoryApp.start(environment);
            case PAYMENT -> PaymentApp.start(environment);
            case SAGA -> SagaApp.start(environment);
        };
    }
}
