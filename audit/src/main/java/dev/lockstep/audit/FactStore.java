package dev.lockstep.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads the facts about orders from the services' tables, sorted by order id. */
final class FactStore {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String ORDERS = """
            SELECT order_id::text, user_id, status, reason, total_amount, total_currency, items::text AS items,
                   created_at, updated_at
              FROM orders
             ORDER BY orders.order_id
            """;

    private static final String SAGAS = """
            SELECT order_id, state, array_to_string(waiting_for, ', ') AS waiting_for, created_at
              FROM saga
             ORDER BY order_id COLLATE "C"
            """;

    private static final String STEPS = """
            SELECT order_id, event, state, count(*) AS times
              FROM saga_history
             GROUP BY order_id, event, state
             ORDER BY order_id COLLATE "C"
            """;

    private static final String RESERVATIONS = """
            SELECT order_id, state, items::text AS items, total, currency
              FROM reservation
             ORDER BY order_id COLLATE "C"
            """;

    private static final String PAYMENTS = """
            SELECT order_id, status, user_id, amount, currency
              FROM payment
             ORDER BY order_id COLLATE "C"
            """;

    private static final String ENTRIES = """
            SELECT order_id, kind, account, amount, currency, posting
              FROM ledger_entry
             WHERE order_id IS NOT NULL
             ORDER BY order_id COLLATE "C", seq
            """;

    private FactStore() {}

    static SortedStream<Fact.Order> orders(SnapshotStore orders) {
        return orders.stream(
                ORDERS,
                row -> new Fact.Order(
                        row.getString("order_id"),
                        row.getString("user_id"),
                        new Fact.Outcome(
                                row.getString("status"),
                                row.getString("reason"),
                                money(row, "total_amount", "total_currency")),
                        quantities(row.getString("items")),
                        row.getTimestamp("created_at").getTime(),
                        row.getTimestamp("updated_at").getTime()));
    }

    static SortedStream<Fact.Saga> sagas(SnapshotStore sagas) {
        return sagas.stream(
                SAGAS,
                row -> new Fact.Saga(
                        row.getString("order_id"),
                        row.getString("state"),
                        row.getString("waiting_for"),
                        row.getTimestamp("created_at").getTime()));
    }

    static SortedStream<Fact.Steps> steps(SnapshotStore sagas) {
        return sagas.stream(
                STEPS,
                row -> new Fact.Steps(
                        row.getString("order_id"),
                        row.getString("event"),
                        row.getString("state"),
                        row.getLong("times")));
    }

    static SortedStream<Fact.Reservation> reservations(SnapshotStore inventory) {
        return inventory.stream(RESERVATIONS, row -> {
            String items = row.getString("items");
            return new Fact.Reservation(
                    row.getString("order_id"),
                    row.getString("state"),
                    quantities(items),
                    money(row, "total", "currency"),
                    itemsTotal(items));
        });
    }

    static SortedStream<Fact.Payment> payments(SnapshotStore payments) {
        return payments.stream(
                PAYMENTS,
                row -> new Fact.Payment(
                        row.getString("order_id"),
                        row.getString("status"),
                        row.getString("user_id"),
                        money(row, "amount", "currency")));
    }

    static SortedStream<Fact.LedgerEntry> entries(SnapshotStore payments) {
        return payments.stream(
                ENTRIES,
                row -> new Fact.LedgerEntry(
                        row.getString("order_id"),
                        row.getString("kind"),
                        row.getString("account"),
                        new Fact.Money(row.getLong("amount"), row.getString("currency")),
                        row.getObject("posting", UUID.class)));
    }

    private static Fact.@Nullable Money money(ResultSet row, String amount, String currency) throws SQLException {
        long minorUnits = row.getLong(amount);
        return row.wasNull() ? null : new Fact.Money(minorUnits, String.valueOf(row.getString(currency)));
    }

    private static SortedMap<String, Long> quantities(@Nullable String items) {
        SortedMap<String, Long> quantities = new TreeMap<>();
        for (JsonNode item : tree(items)) {
            quantities.merge(item.path("productId").asText(), item.path("qty").asLong(), Long::sum);
        }
        return quantities;
    }

    private static long itemsTotal(@Nullable String items) {
        long total = 0;
        for (JsonNode item : tree(items)) {
            total += item.path("qty").asLong() * item.path("unitPrice").asLong();
        }
        return total;
    }

    private static JsonNode tree(@Nullable String items) {
        if (items == null) {
            return JSON.createArrayNode();
        }
        try {
            return JSON.readTree(items);
        } catch (IOException cause) {
            throw new AssertionError("a jsonb value is always valid JSON", cause);
        }
    }
}
