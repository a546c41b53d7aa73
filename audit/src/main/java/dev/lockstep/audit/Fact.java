package dev.lockstep.audit;

import java.util.Map;
import java.util.SortedMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A piece of evidence about one order, from one of the stores. */
sealed interface Fact {
    String orderId();

    /** A client received a 202 for the order. */
    record Accepted(String orderId) implements Fact {}

    /**
     * The order service's row.
     *
     * @param items quantity by product
     * @param createdAt in milliseconds, like {@code updatedAt}
     */
    record Order(
            String orderId,
            String userId,
            Outcome outcome,
            SortedMap<String, Long> items,
            long createdAt,
            long updatedAt)
            implements Fact {
        String status() {
            return outcome.status();
        }

        boolean hasEnded() {
            return status().equals("CONFIRMED") || status().equals("CANCELLED");
        }
    }

    /**
     * What became of an order.
     *
     * @param total null until the order has a total
     */
    record Outcome(
            String status,
            @Nullable String reason,
            @Nullable Money total) {}

    /** The saga service's row. */
    record Saga(String orderId, String state, String waitingFor, long createdAt) implements Fact {}

    /** How often a saga received an event and moved to a state. */
    record Steps(String orderId, String event, String state, long count) implements Fact {}

    /**
     * The inventory service's row.
     *
     * @param items held quantity by product; empty unless the reservation is held
     * @param itemsTotal the price of the items, at the unit prices stored with the reservation
     */
    record Reservation(
            String orderId,
            String state,
            SortedMap<String, Long> items,
            @Nullable Money total,
            long itemsTotal) implements Fact {
        boolean isHeld() {
            return state.equals("HELD");
        }
    }

    /** The payment service's row. */
    record Payment(
            String orderId,
            String status,
            @Nullable String userId,
            @Nullable Money amount) implements Fact {}

    /** One entry of the ledger. */
    record LedgerEntry(String orderId, String kind, String account, Money amount, UUID posting) implements Fact {}

    /** How many messages of a type a service's outbox has for the order, without dead letters and replays. */
    record OutboxCount(String orderId, ServiceRole role, String type, long count) implements Fact {}

    /** A record on {@code order.confirmed} or {@code order.cancelled}. */
    record OutcomeRecord(String orderId, String topic, String messageId) implements Fact {}

    /** An amount in minor units of a currency. */
    record Money(long amount, String currency) {
        @Override
        public String toString() {
            return amount + " " + currency;
        }
    }

    static String describeItems(Map<String, Long> items) {
        return items.isEmpty() ? "no items" : items.toString();
    }
}
