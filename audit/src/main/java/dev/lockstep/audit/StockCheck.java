package dev.lockstep.audit;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Checks that only confirmed and unfinished orders hold stock, and that the products' counters match the reservations. */
final class StockCheck implements OrderCheck {
    private final AuditWindow window;
    private final CheckResult result;
    private final Map<String, Long> held = new HashMap<>();

    /**
     * A product's counters.
     *
     * @param totalIntake the quantity that was ever put in
     */
    record Product(String productId, long available, long reserved, long totalIntake) {}

    StockCheck(AuditWindow window, CheckResult result) {
        this.window = window;
        this.result = result;
    }

    @Override
    public List<CheckResult> results() {
        return List.of(result);
    }

    @Override
    public void examine(OrderEvidence evidence) {
        Fact.Reservation reservation = evidence.reservation();
        if (reservation != null) {
            result.count("reservations");
            if (reservation.isHeld()) {
                result.count("held");
                reservation.items().forEach((product, qty) -> held.merge(product, qty, Long::sum));
                checkReservation(evidence, reservation);
            }
        }
        if (evidence.endedAs("CONFIRMED") && (reservation == null || !reservation.isHeld())) {
            addFinding(evidence, "held stock for a confirmed order", state(reservation));
        }
        if (evidence.endedAs("CANCELLED") && reservation != null && reservation.isHeld()) {
            addFinding(evidence, "no held stock for a cancelled order", "HELD " + reservation.items());
        }
    }

    private void checkReservation(OrderEvidence evidence, Fact.Reservation reservation) {
        Fact.Order order = evidence.order();
        if (order == null) {
            if (window.startedAfter(evidence.placedAt())) {
                addFinding(evidence, "an order for the held stock", "no such order");
            }
            return;
        }
        if (!reservation.items().equals(order.items())) {
            addFinding(
                    evidence,
                    "a reservation of exactly the order's items, " + order.items(),
                    Fact.describeItems(reservation.items()));
        }
        Fact.Money total = reservation.total();
        if (total == null || total.amount() != reservation.itemsTotal()) {
            addFinding(
                    evidence,
                    "a reservation total of " + reservation.itemsTotal() + ", the price of its items",
                    String.valueOf(total));
        }
        if (order.outcome().total() != null && !order.outcome().total().equals(total)) {
            addFinding(
                    evidence,
                    "an order total equal to the reservation total, " + total,
                    String.valueOf(order.outcome().total()));
        }
    }

    /** Compares the products' counters with the reservations. To be called after the last order. */
    void compare(SortedStream<Product> products) {
        while (products.hasNext()) {
            Product product = products.next();
            result.count("products");
            Long holds = held.remove(product.productId());
            long expected = holds == null ? 0 : holds;
            if (product.reserved() != expected) {
                addProductFinding(
                        product.productId(),
                        "reserved = " + expected + ", the sum of all held items",
                        String.valueOf(product.reserved()));
            }
            if (product.available() < 0) {
                addProductFinding(product.productId(), "available >= 0", String.valueOf(product.available()));
            }
            long sum = product.available() + product.reserved();
            if (sum != product.totalIntake()) {
                addProductFinding(
                        product.productId(),
                        "available + reserved = " + product.totalIntake() + ", the total quantity ever put in",
                        product.available() + " + " + product.reserved() + " = " + sum);
            }
        }
        held.forEach((product, qty) ->
                addProductFinding(product, "a product, because orders hold " + qty + " of it", "no such product"));
    }

    private void addFinding(OrderEvidence evidence, String expected, String found) {
        result.addFinding(
                evidence.orderId(),
                expected,
                found + ", " + evidence.sagaState(),
                "saga GET /sagas/" + evidence.orderId() + " · inventory GET /outbox?aggregateId=" + evidence.orderId());
    }

    private void addProductFinding(String productId, String expected, String found) {
        result.addFinding("product " + productId, expected, found, "inventory GET /products/" + productId);
    }

    private static String state(Fact.@Nullable Reservation reservation) {
        return reservation == null ? "no reservation" : reservation.state();
    }
}
