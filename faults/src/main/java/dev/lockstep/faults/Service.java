package dev.lockstep.faults;

import java.util.Locale;

/** The services under test. */
enum Service {
    ORDER("orders", "dev.lockstep.order.OrderApp"),
    INVENTORY("inventory", "dev.lockstep.inventory.InventoryApp"),
    PAYMENT("payments", "dev.lockstep.payment.PaymentApp"),
    SAGA("sagas", "dev.lockstep.saga.SagaApp");

    private final String database;
    private final String mainClass;

    Service(String database, String mainClass) {
        this.database = database;
        this.mainClass = mainClass;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    String database() {
        return database;
    }

    String mainClass() {
        return mainClass;
    }

    /** The replication slot that its relay reads. */
    String slot() {
        return database + "_outbox";
    }
}
