package dev.lockstep.audit;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is held is held by confirmed and live orders alone, and the products' counters say the same. */
final class StockCheck implements OrderCheck {
    private final Moment moment;
    private final Tally tally;
    private final Map<String, Long> held = new HashMap<>();

    /**
     * A product's counters.
     *
     * @param putIn all that was ever put in
     */
    record Product(String productId, long available, long reserved, long putIn) {}

    StockCheck(Moment moment, Tally tally) {
        this.moment = moment;
        this.tally = tally;
    }

    @Override
    public List<Tally> tallies() {
        return List.of(tally);
    }

    @Override
    public void examine(Dossier dossier) {
        Fact.Reservation reservation = dossier.reservation();
        if (reservation != null) {
            tally.count("reservations");
            if (reservation.isHeld()) {
                tally.count("held");
                reservation.items().forEach((product, qty) -> held.merge(product, qty, Long::sum));
                held(dossier, reservation);
            }
        }
        if (dossier.endedAs("CONFIRMED") && (reservation == null || !reservation.isHeld())) {
            broken(dossier, "the stock of a confirmed order to be held", state(reservation));
        }
        if (dossier.endedAs("CANCELLED") && reservation != null && reservation.isHeld()) {
            broken(dossier, "a cancelled order to hold nothing", "HELD " + reservation.items());
        }
    }

    private void held(Dossier dossier, Fact.Reservation reservation) {
        Fact.Order order = dossier.order();
        if (order == null) {
            if (moment.isBefore(dossier.placedAt())) {
                broken(dossier, "an order behind what is held", "no such order");
            }
            return;
        }
        if (!reservation.items().equals(order.items())) {
            broken(dossier, "exactly its items to be held: " + order.items(), Fact.shown(reservation.items()));
        }
        Fact.Money total = reservation.total();
        if (total == null || total.amount() != reservation.worth()) {
            broken(dossier, "what is held to cost " + reservation.worth(), String.valueOf(total));
        }
        if (order.total() != null && !order.total().equals(total)) {
            broken(dossier, "the order's total to be that of its stock, " + total, String.valueOf(order.total()));
        }
    }

    /** Compares the products' counters with what the reservations hold. To be called after the last order. */
    void compare(Sorted<Product> products) {
        while (products.hasNext()) {
            Product product = products.next();
            tally.count("products");
            Long holds = held.remove(product.productId());
            long expected = holds == null ? 0 : holds;
            if (product.reserved() != expected) {
                brokenProduct(
                        product.productId(),
                        "reserved to be the sum of what is held, " + expected,
                        String.valueOf(product.reserved()));
            }
            if (product.available() < 0) {
                brokenProduct(product.productId(), "available not to be negative", String.valueOf(product.available()));
            }
            long sum = product.available() + product.reserved();
            if (sum != product.putIn()) {
                brokenProduct(
                        product.productId(),
                        "available + reserved to be all that was ever put in, " + product.putIn(),
                        product.available() + " + " + product.reserved() + " = " + sum);
            }
        }
        held.forEach(
                (product, qty) -> brokenProduct(product, "a product of which " + qty + " are held", "no such product"));
    }

    private void broken(Dossier dossier, String expected, String found) {
        tally.broken(
                dossier.orderId(),
                expected,
                found + ", " + dossier.sagaState(),
                "saga GET /sagas/" + dossier.orderId() + " · inventory GET /outbox?aggregateId=" + dossier.orderId());
    }

    private void brokenProduct(String productId, String expected, String found) {
        tally.broken("product " + productId, expected, found, "inventory GET /products/" + productId);
    }

    private static String state(Fact.@Nullable Reservation reservation) {
        return reservation == null ? "no reservation" : reservation.state();
    }
}
