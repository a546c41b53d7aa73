package dev.lockstep.audit;

import java.util.Map;
import java.util.SortedMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Something that one of the stores says about one order. */
sealed interface Fact {
    String orderId();

    /** A client was answered 202. */
    record Accepted(String orderId) implements Fact {}

    /**
     * The order service's row.
     *
     * @param items how many of each product
     * @param total null while there is none
     * @param createdAt in milliseconds, as {@code updatedAt}
     */
    record Order(
            String orderId,
            String userId,
            String status,
            @Nullable String reason,
            @Nullable Money total,
            SortedMap<String, Long> items,
            long createdAt,
            long updatedAt)
            implements Fact {
        boolean hasEnded() {
            return status.equals("CONFIRMED") || status.equals("CANCELLED");
        }
    }

    /** The saga service's row. */
    record Saga(String orderId, String state, String waitingFor, long createdAt) implements Fact {}

    /** How often a saga learned of one thing and went to one state. */
    record Steps(String orderId, String event, String state, long count) implements Fact {}

    /**
     * The inventory service's row.
     *
     * @param items how many of each product are held, none unless it is held
     * @param itemsTotal what they cost at the prices that were held with them
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

    /** How many messages of a type a service's outbox has for the order. Dead letters and replays are not among them. */
    record OutboxCount(String orderId, ServiceRole role, String type, long count) implements Fact {}

    /** A record on {@code order.confirmed} or {@code order.cancelled}. */
    record OutcomeRecord(String orderId, String topic, String messageId) implements Fact {}

    /** Minor units and their currency. */
    record Money(long amount, String currency) {
        @Override
        public String toString() {
            return amount + " " + currency;
        }
    }

    static String describeItems(Map<String, Long> items) {
        return items.isEmpty() ? "nothing" : items.toString();
    }
}
