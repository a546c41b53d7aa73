package dev.lockstep.inventory;

import dev.lockstep.inventory.ReservationStore.Change;
import dev.lockstep.inventory.ReservationStore.StoredReservation;
import dev.lockstep.inventory.domain.Decision;
import dev.lockstep.inventory.domain.OrderId;
import dev.lockstep.inventory.domain.Product;
import dev.lockstep.inventory.domain.ProductId;
import dev.lockstep.inventory.domain.Reservation.Decided;
import dev.lockstep.inventory.domain.StockCommand;
import dev.lockstep.inventory.domain.StockDecider;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Orders and products of one batch in memory. Each command is decided on the state that the commands before it produced. The batch ends
 * with one change for each order and each product, however many commands affected it.
 */
final class ReservationBatch {
    private final StockDecider decider;
    private final Map<OrderId, StoredReservation> storedReservations;
    private final Map<ProductId, Product> storedProducts;
    private final Map<OrderId, Decided> reservations = new LinkedHashMap<>();
    private final Map<ProductId, Product> products;

    ReservationBatch(
            StockDecider decider, Map<OrderId, StoredReservation> reservations, Map<ProductId, Product> products) {
        this.decider = decider;
        this.storedReservations = reservations;
        this.storedProducts = products;
        this.products = new HashMap<>(products);
    }

    /** Decides the command and returns the resulting reservation of its order. */
    Decided apply(StockCommand command) {
        OrderId orderId = command.orderId();
        Decided current = reservations.get(orderId);
        Decision decision =
                decider.decide(current == null ? stored(orderId).reservation() : current, products, command);
        decision.moved().forEach(product -> products.put(product.id(), product));
        reservations.put(orderId, decision.reservation());
        return decision.reservation();
    }

    /** The reservations that differ from their stored state. */
    List<Change> changes() {
        return reservations.entrySet().stream()
                .filter(entry -> !entry.getValue().equals(stored(entry.getKey()).reservation()))
                .map(entry -> new Change(entry.getKey(), stored(entry.getKey()).version(), entry.getValue()))
                .toList();
    }

    /** For each product, the change of its reserved quantity. Products whose quantity is unchanged are left out. */
    Map<ProductId, Long> moved() {
        Map<ProductId, Long> moved = new HashMap<>();
        storedProducts.forEach((id, before) -> {
            long qty = products.getOrDefault(id, before).reserved() - before.reserved();
            if (qty != 0) {
                moved.put(id, qty);
            }
        });
        return moved;
    }

    private StoredReservation stored(OrderId orderId) {
        return storedReservations.getOrDefault(orderId, StoredReservation.UNSEEN);
    }
}
