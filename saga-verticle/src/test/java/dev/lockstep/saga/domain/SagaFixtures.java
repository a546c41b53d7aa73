package dev.lockstep.saga.domain;

import dev.lockstep.saga.domain.Compensation.Notice;
import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaEvent.OperatorAction;
import dev.lockstep.saga.domain.SagaState.Abandoned;
import dev.lockstep.saga.domain.SagaState.AwaitingOrder;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.CancellingOrder;
import dev.lockstep.saga.domain.SagaState.ChargingPayment;
import dev.lockstep.saga.domain.SagaState.Compensating;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import dev.lockstep.saga.domain.SagaState.ConfirmingOrder;
import dev.lockstep.saga.domain.SagaState.NotStarted;
import dev.lockstep.saga.domain.SagaState.ReservingStock;
import dev.lockstep.saga.domain.SagaState.RetryingCompensation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The order that the tests of {@link OrderSaga} use, with all states and events that are possible for it. */
public final class SagaFixtures {
    static final OrderId ORDER = new OrderId("o1");
    static final Money TOTAL = new Money(2000, "KRW");
    static final List<OrderItem> ITEMS = List.of(new OrderItem("p1", 2));

    static final Duration STOCK_DEADLINE = Duration.ofSeconds(30);
    static final Duration PAYMENT_DEADLINE = Duration.ofSeconds(40);
    static final Duration CONFIRM_RETRY = Duration.ofSeconds(10);
    static final Duration COMPENSATION_RETRY = Duration.ofSeconds(15);

    static final SagaDeadlines DEADLINES =
            new SagaDeadlines(STOCK_DEADLINE, PAYMENT_DEADLINE, CONFIRM_RETRY, COMPENSATION_RETRY);

    public static final List<SagaState> STATES = everyState();

    static final List<SagaEvent> EVENTS = List.of(
            new SagaEvent.OrderPlaced(ORDER, "u1", ITEMS),
            new SagaEvent.CancelRequested(ORDER),
            new SagaEvent.StockReserved(ORDER, TOTAL),
            new SagaEvent.StockRejected(ORDER, CancelReason.OUT_OF_STOCK),
            new SagaEvent.StockReleased(ORDER),
            new SagaEvent.PaymentCharged(ORDER, TOTAL),
            new SagaEvent.PaymentDeclined(ORDER, DeclineReason.INSUFFICIENT_FUNDS),
            new SagaEvent.PaymentRefunded(ORDER),
            new SagaEvent.OrderConfirmed(ORDER),
            new SagaEvent.OrderCancelled(ORDER),
            new SagaEvent.DeadlinePassed(ORDER));

    static final List<OperatorAction> ACTIONS = List.of(
            new SagaEvent.RetryRequested(ORDER),
            new SagaEvent.CompensationRequested(ORDER),
            new SagaEvent.AbandonRequested(ORDER, "inventory lost it"));

    private SagaFixtures() {}

    static Compensation left(CancelReason reason, Undo stock, Undo payment, Notice notice) {
        return new Compensation(reason, stock, payment, notice);
    }

    private static List<SagaState> everyState() {
        List<SagaState> states = new ArrayList<>(List.of(
                new NotStarted(),
                new AwaitingOrder(),
                new ReservingStock("u1", ITEMS),
                new ChargingPayment("u1", TOTAL),
                new ConfirmingOrder(TOTAL, 0),
                new ConfirmingOrder(TOTAL, 3),
                new Confirmed()));
        List<CancelReason> reasons = List.of(CancelReason.TIMED_OUT, CancelReason.CANCELLED_BY_CUSTOMER);
        List<Compensation> compensations = reasons.stream()
                .flatMap(reason -> everyCompensation(reason).stream())
                .toList();
        compensations.stream()
                .filter(left -> !left.allUndone())
                .filter(left -> left.awaitsUndo() == (left.notice() == Notice.HELD_BACK))
                .forEach(left -> states.add(new Compensating(left)));
        compensations.stream()
                .filter(left -> !left.complete() && left.notice() != Notice.HELD_BACK)
                .forEach(left -> states.add(new RetryingCompensation(left, 2)));
        for (CancelReason reason : reasons) {
            states.add(new CancellingOrder(reason, 0));
            states.add(new CancellingOrder(reason, 3));
        }
        reasons.forEach(reason -> states.add(new Cancelled(reason)));
        compensations.stream()
                .filter(left -> !left.complete() && left.notice() != Notice.HELD_BACK)
                .forEach(left -> states.add(new Abandoned(left, "inventory lost it")));
        return List.copyOf(states);
    }

    private static List<Compensation> everyCompensation(CancelReason reason) {
        List<Compensation> compensations = new ArrayList<>();
        for (Undo stock : Undo.values()) {
            for (Undo payment : Undo.values()) {
                for (Notice notice : Notice.values()) {
                    compensations.add(left(reason, stock, payment, notice));
                }
            }
        }
        return compensations;
    }
}
