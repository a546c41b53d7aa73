package dev.lockstep.inventory.domain;

import dev.lockstep.inventory.domain.Reservation.Decided;
import dev.lockstep.inventory.domain.Reservation.Held;
import dev.lockstep.inventory.domain.Reservation.Rejected;
import dev.lockstep.inventory.domain.Reservation.Released;
import dev.lockstep.inventory.domain.Reservation.Unseen;
import dev.lockstep.inventory.domain.StockCommand.Release;
import dev.lockstep.inventory.domain.StockCommand.Reserve;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * State machine of a reservation: decides which stock is held for an order.
 *
 * <pre>
 *         ┌──Reserve──▶ Held ─────┐
 * Unseen ─┼──Reserve──▶ Rejected ─┼─Release──▶ Released
 *         └───────────────────────┘
 * </pre>
 *
 * <p>Commands are delivered at least once, and a release may arrive before the reservation that it undoes. A repeated command changes
 * nothing and is answered with the current state. A released reservation stays released.
 */
public final class StockDecider {
    /**
     * Decides one command.
     *
     * @param before the current state of the reservation
     * @param products all existing products among those that the command or the reservation names
     * @throws TotalTooLargeException if all items are available but their total exceeds the limit
     */
    // No default branch, here or below: code that does not handle a new command or state must not compile.
    public Decision decide(Reservation before, Map<ProductId, Product> products, StockCommand command) {
        return switch (command) {
            case Reserve reserve -> onReserve(before, products, reserve);
            case Release release -> onRelease(before, products, release);
        };
    }

    private static Decision onReserve(Reservation before, Map<ProductId, Product> products, Reserve reserve) {
        return switch (before) {
            case Unseen first -> reserveAllOrNone(products, reserve);
            case Held repeat -> stay(repeat);
            case Rejected repeat -> stay(repeat);
            // The order was aborted before its stock was reserved. Stock reserved now would never be released.
            case Released late -> stay(late);
        };
    }

    private static Decision onRelease(Reservation before, Map<ProductId, Product> products, Release release) {
        return switch (before) {
            case Unseen overtaken -> stay(new Released());
            case Held held -> release(held, products, release.orderId());
            case Rejected nothingHeld -> stay(new Released());
            case Released repeat -> stay(repeat);
        };
    }

    private static Decision reserveAllOrNone(Map<ProductId, Product> products, Reserve reserve) {
        Map<ProductId, Long> wanted = new LinkedHashMap<>();
        // Quantities are ints, so no list is long enough for their sum to overflow a long.
        reserve.lines().forEach(line -> wanted.merge(line.productId(), (long) line.qty(), Long::sum));

        List<Product> found = new ArrayList<>(wanted.size());
        for (ProductId id : wanted.keySet()) {
            Product product = products.get(id);
            if (product == null) {
                return stay(new Rejected(RejectionReason.UNKNOWN_PRODUCT));
            }
            found.add(product);
        }
        String currency = found.getFirst().unitPrice().currency();
        if (!found.stream().allMatch(product -> product.unitPrice().currency().equals(currency))) {
            return stay(new Rejected(RejectionReason.MIXED_CURRENCIES));
        }

        List<Product> moved = new ArrayList<>(found.size());
        List<HeldLine> lines = new ArrayList<>(found.size());
        for (Product product : found) {
            long qty = wanted.getOrDefault(product.id(), 0L);
            if (qty > product.available()) {
                return stay(new Rejected(RejectionReason.OUT_OF_STOCK));
            }
            moved.add(product.reserve(qty));
            lines.add(new HeldLine(product.id(), qty, product.unitPrice().amount()));
        }
        return new Decision(new Held(lines, new Money(total(lines, reserve.orderId()), currency)), moved);
    }

    private static long total(List<HeldLine> lines, OrderId orderId) {
        try {
            long total = 0;
            for (HeldLine line : lines) {
                total = Math.addExact(total, Math.multiplyExact(line.qty(), line.unitPrice()));
            }
            if (total > TotalTooLargeException.LARGEST_TOTAL) {
                throw TotalTooLargeException.of(orderId);
            }
            return total;
        } catch (ArithmeticException overflow) {
            throw TotalTooLargeException.of(orderId);
        }
    }

    private static Decision release(Held held, Map<ProductId, Product> products, OrderId orderId) {
        List<Product> moved = new ArrayList<>(held.lines().size());
        for (HeldLine line : held.lines()) {
            Product product = products.get(line.productId());
            if (product == null) {
                throw new IllegalStateException("order %s has reserved %d of product %s, which does not exist"
                        .formatted(orderId, line.qty(), line.productId()));
            }
            moved.add(product.release(line.qty()));
        }
        return new Decision(new Released(), moved);
    }

    private static Decision stay(Decided reservation) {
        return new Decision(reservation, List.of());
    }
}
