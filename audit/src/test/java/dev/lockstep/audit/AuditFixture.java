package dev.lockstep.audit;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.testing.TestResource;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Databases and topics as the services would leave them after completed orders, written from the documentation. Tests tamper with them. */
final class AuditFixture extends TestResource {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PRICE = 1_000;

    final Databases databases = new Databases();
    final Topics topics = new Topics();
    private final List<Row> unsent = new ArrayList<>();
    private final Map<String, Integer> lastSequences = new HashMap<>();

    /** A row of an outbox. */
    record Row(ServiceRole role, String id, String key, String type, String topic, String payload, int sequence) {
        Map<String, String> headers() {
            return Map.of(
                    "ce_id",
                    id,
                    "ce_type",
                    type,
                    "ce_source",
                    role.source(),
                    "ce_sequence",
                    "%019d".formatted(sequence));
        }
    }

    AuditFixture() {
        databases.run(
                ServiceRole.INVENTORY,
                "INSERT INTO product (product_id, name, unit_price, currency, available) VALUES ('p1', 'Notebook', 1000, 'KRW', 100)");
        databases.run(
                ServiceRole.INVENTORY, "INSERT INTO stock_intake (product_id, qty) VALUES ('p1', 60), ('p1', 40)");
        databases.run(
                ServiceRole.PAYMENT,
                "INSERT INTO account (user_id, currency, balance) VALUES ('u1', 'KRW', 1000000), ('u2', 'KRW', 0)");
        databases.run(ServiceRole.PAYMENT, """
                INSERT INTO deposit (posting, user_id, amount, currency, opened, balance)
                VALUES ('01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24', 'u1', 1000000, 'KRW', true, 1000000)
                """);
        databases.run(ServiceRole.PAYMENT, """
                INSERT INTO ledger_entry (posting, account, currency, amount, kind)
                VALUES ('01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24', 'system:external-funds', 'KRW', -1000000, 'DEPOSIT'),
                       ('01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24', 'u1', 'KRW', 1000000, 'DEPOSIT')
                """);
    }

    /** Creates a confirmed order and returns its id. */
    String confirmed(int qty) {
        String order = pending(qty);
        int total = qty * PRICE;
        appendToOutbox(ServiceRole.SAGA, order, "ReserveStock", "inventory.commands");
        databases.run(ServiceRole.INVENTORY, """
                INSERT INTO reservation (order_id, version, state, items, total, currency)
                VALUES (?, 1, 'HELD', jsonb_build_array(jsonb_build_object('productId', 'p1', 'qty', ?, 'unitPrice', 1000)), ?, 'KRW')
                """, order, qty, (long) total);
        databases.run(
                ServiceRole.INVENTORY,
                "UPDATE product SET available = available - ?, reserved = reserved + ? WHERE product_id = 'p1'",
                (long) qty,
                (long) qty);
        appendToOutbox(ServiceRole.INVENTORY, order, "StockReserved", "inventory.updated");
        appendToOutbox(ServiceRole.SAGA, order, "ChargePayment", "payment.commands");
        databases.run(
                ServiceRole.PAYMENT,
                "INSERT INTO payment (order_id, status, user_id, amount, currency) VALUES (?, 'CHARGED', 'u1', ?, 'KRW')",
                order,
                (long) total);
        post(order, "CHARGE", -total);
        appendToOutbox(ServiceRole.PAYMENT, order, "PaymentCharged", "payment.updated");
        appendToOutbox(ServiceRole.SAGA, order, "ConfirmOrder", "order.commands");
        databases.run(
                ServiceRole.ORDER,
                "UPDATE orders SET status = 'CONFIRMED', total_amount = ?, total_currency = 'KRW' WHERE order_id = ?::uuid",
                (long) total,
                order);
        appendToOutbox(ServiceRole.ORDER, order, "OrderConfirmed", "order.confirmed");
        saga(order, "CONFIRMED");
        step(order, "StockReserved", "CHARGING_PAYMENT");
        step(order, "PaymentCharged", "CONFIRMING_ORDER");
        step(order, "OrderConfirmed", "CONFIRMED");
        return order;
    }

    /** Creates an order that was paid, cancelled by its customer, and compensated. Returns its id. */
    String cancelled(int qty) {
        String order = pending(qty);
        int total = qty * PRICE;
        appendToOutbox(ServiceRole.SAGA, order, "ReserveStock", "inventory.commands");
        appendToOutbox(ServiceRole.INVENTORY, order, "StockReserved", "inventory.updated");
        appendToOutbox(ServiceRole.SAGA, order, "ChargePayment", "payment.commands");
        post(order, "CHARGE", -total);
        appendToOutbox(ServiceRole.PAYMENT, order, "PaymentCharged", "payment.updated");
        appendToOutbox(ServiceRole.SAGA, order, "ReleaseStock", "inventory.commands");
        databases.run(
                ServiceRole.INVENTORY,
                "INSERT INTO reservation (order_id, version, state) VALUES (?, 2, 'RELEASED')",
                order);
        appendToOutbox(ServiceRole.INVENTORY, order, "StockReleased", "inventory.updated");
        appendToOutbox(ServiceRole.SAGA, order, "RefundPayment", "payment.commands");
        databases.run(
                ServiceRole.PAYMENT,
                "INSERT INTO payment (order_id, status, user_id, amount, currency) VALUES (?, 'REFUNDED', 'u1', ?, 'KRW')",
                order,
                (long) total);
        post(order, "REFUND", total);
        appendToOutbox(ServiceRole.PAYMENT, order, "PaymentRefunded", "payment.updated");
        appendToOutbox(ServiceRole.SAGA, order, "CancelOrder", "order.commands");
        databases.run(
                ServiceRole.ORDER,
                "UPDATE orders SET status = 'CANCELLED', reason = 'CANCELLED_BY_CUSTOMER' WHERE order_id = ?::uuid",
                order);
        appendToOutbox(ServiceRole.ORDER, order, "OrderCancelled", "order.cancelled");
        saga(order, "CANCELLED");
        return order;
    }

    /** Creates an order that was accepted and has no further messages. Returns its id. */
    String pending(int qty) {
        String order = databases.read(ServiceRole.ORDER, "SELECT uuidv7()");
        databases.run(ServiceRole.ORDER, """
                INSERT INTO orders (order_id, user_id, items, traceparent)
                VALUES (?::uuid, 'u1', jsonb_build_array(jsonb_build_object('productId', 'p1', 'qty', ?)), '')
                """, order, qty);
        appendToOutbox(ServiceRole.ORDER, order, "OrderCreated", "order.created");
        return order;
    }

    void saga(String order, String state) {
        databases.run(
                ServiceRole.SAGA,
                "INSERT INTO saga (order_id, state, data, waiting_for, version) VALUES (?, ?, '{}', '{}', 1)",
                order,
                state);
        step(order, "OrderCreated", "RESERVING_STOCK");
    }

    void step(String order, String event, String state) {
        databases.run(
                ServiceRole.SAGA,
                "INSERT INTO saga_history (order_id, event, state, detail) VALUES (?, ?, ?, '{}')",
                order,
                event,
                state);
    }

    /** Parks a message of the order at the payment service. */
    void park(String order) {
        databases.run(ServiceRole.PAYMENT, """
                INSERT INTO parked_message (consumer, topic, partition, "offset", message_id, record_key, record_headers, record_time,
                                            attempts, error, next_attempt_at)
                VALUES ('payment-service', 'payment.commands', 0, 5, uuidv7(), convert_to(?, 'UTF8'), '[]', now(), 3, 'no', now())
                """, order);
    }

    /** Drops the saga and its history, as the saga service does after {@code SAGA_RETENTION}. */
    void dropSaga(String order) {
        databases.run(ServiceRole.SAGA, "DELETE FROM saga_history WHERE order_id = ?", order);
        databases.run(ServiceRole.SAGA, "DELETE FROM saga WHERE order_id = ?", order);
    }

    /** Writes a row to an outbox. {@link #relay()} sends it with the others. */
    Row appendToOutbox(ServiceRole role, String order, String type, String topic) {
        String payload = "{\"orderId\":\"" + order + "\",\"type\":\"" + type + "\"}";
        int sequence = lastSequences.merge(order + topic, 1, Integer::sum);
        String id = databases.read(role, """
                INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, sequence)
                VALUES ('order', ?, ?, ?, convert_to(?, 'UTF8'), ?)
                RETURNING id
                """, order, type, topic, payload, sequence);
        Row row = new Row(role, id, order, type, topic, payload, sequence);
        unsent.add(row);
        return row;
    }

    /** Posts an amount between the user and the revenue account, and updates the balance. */
    void post(String order, String kind, long amount) {
        databases.run(ServiceRole.PAYMENT, """
                WITH posting AS (SELECT uuidv7() AS id)
                INSERT INTO ledger_entry (posting, account, currency, amount, order_id, kind)
                SELECT posting.id, entry.account, 'KRW', entry.amount, ?, ?
                  FROM posting, (VALUES ('u1', ?), ('system:revenue', ?)) AS entry (account, amount)
                """, order, kind, amount, -amount);
        databases.run(ServiceRole.PAYMENT, "UPDATE account SET balance = balance + ? WHERE user_id = 'u1'", amount);
    }

    /** Returns the order's row of this type and removes it from the rows that {@link #relay()} sends. */
    Row withhold(String order, String type) {
        Row withheld = unsent.stream()
                .filter(row -> row.key().equals(order) && row.type().equals(type))
                .findFirst()
                .orElseThrow();
        unsent.remove(withheld);
        return withheld;
    }

    void send(Row row) {
        topics.send(row.topic(), null, row.key(), row.payload(), row.headers());
    }

    /** Sends all rows, commits all consumer offsets, and marks all rows as relayed. */
    void relay() {
        unsent.forEach(this::send);
        unsent.clear();
        topics.commitAll();
        for (ServiceRole role : ServiceRole.values()) {
            databases.run(role, "UPDATE outbox_watermark SET snapshot = pg_current_snapshot()");
        }
    }

    Outcome audit(String... options) throws IOException {
        Path json = Files.createTempFile("audit", ".json");
        try {
            List<String> all = new ArrayList<>(List.of(
                    "--postgres-port=" + databases.port(),
                    "--orders-db=" + databases.name(ServiceRole.ORDER),
                    "--inventory-db=" + databases.name(ServiceRole.INVENTORY),
                    "--payments-db=" + databases.name(ServiceRole.PAYMENT),
                    "--sagas-db=" + databases.name(ServiceRole.SAGA),
                    "--kafka=" + topics.bootstrapServers(),
                    "--settle=1ms",
                    "--json=" + json));
            all.addAll(List.of(options));
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int exitCode = AuditApp.run(new PrintWriter(out), new PrintWriter(err), all.toArray(String[]::new));
            return new Outcome(exitCode, out.toString(), err.toString(), JSON.readTree(json.toFile()));
        } finally {
            Files.deleteIfExists(json);
        }
    }

    @Override
    public void close() {
        databases.close();
        topics.close();
    }
}
