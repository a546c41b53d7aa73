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
    public void examine(OrderEvidence dossier) {
        Fact.Reservation reservation = dossier.reservation();
        if (reservation != null) {
            result.count("reservations");
            if (reservation.isHeld()) {
                result.count("held");
                reservation.items().forEach((product, qty) -> held.merge(product, qty, Long::sum));
                checkReservation(dossier, reservation);
            }
        }
        if (dossier.endedAs("CONFIRMED") && (reservation == null || !reservation.isHeld())) {
            addFinding(dossier, "the stock of a confirmed order to be held", state(reservation));
        }
        if (dossier.endedAs("CANCELLED") && reservation != null && reservation.isHeld()) {
            addFinding(dossier, "a cancelled order to hold nothing", "HELD " + reservation.items());
        }
    }

    private void checkReservation(OrderEvidence dossier, Fact.Reservation reservation) {
        Fact.Order order = dossier.order();
        if (order == null) {
            if (window.startedAfter(dossier.placedAt())) {
                addFinding(dossier, "an order behind what is held", "no such order");
            }
            return;
        }
        if (!reservation.items().equals(order.items())) {
            addFinding(
                    dossier, "exactly its items to be held: " + order.items(), Fact.describeItems(reservation.items()));
        }
        Fact.Money total = reservation.total();
        if (total == null || total.amount() != reservation.itemsTotal()) {
            addFinding(dossier, "what is held to cost " + reservation.itemsTotal(), String.valueOf(total));
        }
        if (order.total() != null && !order.total().equals(total)) {
            addFinding(dossier, "the order's total to be that of its stock, " + total, String.valueOf(order.total()));
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
                        "reserved to be the sum of what is held, " + expected,
                        String.valueOf(product.reserved()));
            }
            if (product.available() < 0) {
                addProductFinding(
                        product.productId(), "available not to be negative", String.valueOf(product.available()));
            }
            long sum = product.available() + product.reserved();
            if (sum != product.totalIntake()) {
                addProductFinding(
                        product.productId(),
                        "available + reserved to be all that was ever put in, " + product.totalIntake(),
                        product.available() + " + " + product.reserved() + " = " + sum);
            }
        }
        held.forEach((product, qty) ->
                addProductFinding(product, "a product of which " + qty + " are held", "no such product"));
    }

    private void addFinding(OrderEvidence dossier, String expected, String found) {
        result.addFinding(
                dossier.orderId(),
                expected,
                found + ", " + dossier.sagaState(),
                "saga GET /sagas/" + dossier.orderId() + " · inventory GET /outbox?aggregateId=" + dossier.orderId());
    }

    private void addProductFinding(String productId, String expected, String found) {
        result.addFinding("product " + productId, expected, found, "inventory GET /products/" + productId);
    }

    private static String state(Fact.@Nullable Reservation reservation) {
        return reservation == null ? "no reservation" : reservation.state();
    }
}
