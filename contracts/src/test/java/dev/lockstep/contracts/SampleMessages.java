package dev.lockstep.contracts;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Valid messages: each type at least once, and the boundary values of the fields. */
final class SampleMessages {
    private static final String ORDER = "01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24";
    private static final Money TOTAL = new Money(2000, "KRW");
    private static final List<OrderItem> ITEMS = List.of(new OrderItem("p1", 2), new OrderItem("p2", 1));

    private SampleMessages() {}

    static Stream<Message> all() {
        return Stream.of(
                        ordinary(),
                        extremes(),
                        Arrays.stream(CancelReason.values()).flatMap(SampleMessages::cancelled),
                        Arrays.stream(DeclineReason.values()).map(reason -> new PaymentDeclined(ORDER, reason)))
                .flatMap(messages -> messages);
    }

    private static Stream<Message> ordinary() {
        return Stream.of(
                new OrderCreated(ORDER, "u123", ITEMS),
                new OrderCancelRequested(ORDER),
                new OrderConfirmed(ORDER, TOTAL),
                new ConfirmOrder(ORDER, TOTAL),
                new ReserveStock(ORDER, ITEMS),
                new ReleaseStock(ORDER),
                new StockReserved(ORDER, TOTAL),
                new StockReleased(ORDER),
                new ChargePayment(ORDER, "u123", TOTAL),
                new RefundPayment(ORDER),
                new PaymentCharged(ORDER, TOTAL),
                new PaymentRefunded(ORDER));
    }

    private static Stream<Message> cancelled(CancelReason reason) {
        return Stream.of(
                new OrderCancelled(ORDER, reason), new CancelOrder(ORDER, reason), new StockRejected(ORDER, reason));
    }

    private static Stream<Message> extremes() {
        List<OrderItem> many = IntStream.rangeClosed(1, 100)
                .mapToObj(i -> new OrderItem("p" + i, 1000))
                .toList();
        return Stream.of(
                new OrderCreated("1", "사용자 \"日本\" \\ 🛒", List.of(new OrderItem(" p/1 ", 1))),
                new ReserveStock("x".repeat(255), many),
                new StockReserved(ORDER, new Money(9_007_199_254_740_991L, "USD")),
                new OrderConfirmed(ORDER, new Money(0, "XXX")),
                new ChargePayment(ORDER, "y".repeat(100), new Money(0, "JPY")),
                new ChargePayment(ORDER, "u123", new Money(9_007_199_254_740_991L, "JPY")));
    }
}
