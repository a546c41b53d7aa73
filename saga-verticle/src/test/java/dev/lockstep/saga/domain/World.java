package dev.lockstep.saga.domain;

import static dev.lockstep.saga.domain.Sagas.ORDER;
import static dev.lockstep.saga.domain.Sagas.TOTAL;

import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaCommand.ChargePayment;
import dev.lockstep.saga.domain.SagaCommand.ConfirmOrder;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaCommand.ReserveStock;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One order, its saga, its participants, and everything under way between them.
 *
 * <p>Topics keep their order and know nothing of each other's, participants answer every command, and the budgets say how often
 * what need not happen may still happen.
 *
 * @param delivered what the saga has already been told, and may be told again
 */
record World(
        SagaState saga,
        boolean deadline,
        Stock stock,
        Payment payment,
        Order order,
        Map<Topic, List<Object>> underWay,
        Set<SagaEvent> delivered,
        int deadlinesLeft,
        int repeatsLeft) {

    enum Stock {
        UNSEEN,
        HELD,
        REJECTED,
        RELEASED
    }

    enum Payment {
        UNSEEN,
        CHARGED,
        DECLINED,
        REFUNDED
    }

    enum Order {
        PENDING,
        CANCEL_REQUESTED,
        CONFIRMED,
        CANCELLED
    }

    enum Topic {
        ORDER_CREATED,
        ORDER_CANCEL_REQUESTED,
        ORDER_CONFIRMED,
        ORDER_CANCELLED,
        INVENTORY_UPDATED,
        PAYMENT_UPDATED,
        INVENTORY_COMMANDS,
        PAYMENT_COMMANDS,
        ORDER_COMMANDS
    }

    static World start(int deadlines, int repeats) {
        return new World(
                        new SagaState.NotStarted(),
                        false,
                        Stock.UNSEEN,
                        Payment.UNSEEN,
                        Order.PENDING,
                        Map.of(),
                        Set.of(),
                        deadlines,
                        repeats)
                .sent(Topic.ORDER_CREATED, new SagaEvent.OrderPlaced(ORDER, "u1", Sagas.ITEMS));
    }

    /** Every world that can be next. */
    List<World> next(OrderSaga decider) {
        List<World> next = new ArrayList<>();
        underWay.forEach((topic, messages) -> {
            World rest = taken(topic);
            switch (messages.getFirst()) {
                case SagaEvent event -> next.add(rest.told(decider, event));
                case SagaCommand command -> next.addAll(rest.asked(command));
                default -> throw new IllegalStateException(messages.toString());
            }
        });
        if (order == Order.PENDING) {
            next.add(with(stock, payment, Order.CANCEL_REQUESTED)
                    .sent(Topic.ORDER_CANCEL_REQUESTED, new SagaEvent.CancelRequested(ORDER)));
        }
        if (deadline && deadlinesLeft > 0) {
            next.add(new World(saga, true, stock, payment, order, underWay, delivered, deadlinesLeft - 1, repeatsLeft)
                    .told(decider, new SagaEvent.DeadlinePassed(ORDER)));
        }
        if (repeatsLeft > 0) {
            delivered.forEach(event -> next.add(new World(
                            saga, deadline, stock, payment, order, underWay, delivered, deadlinesLeft, repeatsLeft - 1)
                    .told(decider, event)));
        }
        return next;
    }

    boolean nothingUnderWay() {
        return underWay.isEmpty();
    }

    boolean nothingIsHeldOrTaken() {
        return stock != Stock.HELD && payment != Payment.CHARGED;
    }

    boolean isSettled() {
        return switch (saga) {
            case Confirmed _ -> stock == Stock.HELD && payment == Payment.CHARGED && order == Order.CONFIRMED;
            case Cancelled _ -> nothingIsHeldOrTaken() && order == Order.CANCELLED;
            default -> false;
        };
    }

    private World told(OrderSaga decider, SagaEvent event) {
        Decision decision = decider.decide(saga, event);
        boolean moved = !decision.state().equals(saga);
        Set<SagaEvent> known = new HashSet<>(delivered);
        if (!(event instanceof SagaEvent.DeadlinePassed)) {
            known.add(event);
        }
        World after = new World(
                decision.state(),
                moved ? decision.deadline() != null : deadline,
                stock,
                payment,
                order,
                underWay,
                Set.copyOf(known),
                deadlinesLeft,
                repeatsLeft);
        for (SagaCommand command : decision.commands()) {
            after = after.sent(topic(command), command);
        }
        return after;
    }

    private List<World> asked(SagaCommand command) {
        return switch (command) {
            case ReserveStock _ ->
                stock == Stock.UNSEEN ? List.of(stockIs(Stock.HELD), stockIs(Stock.REJECTED)) : List.of(stockIs(stock));
            case ReleaseStock _ -> List.of(stockIs(Stock.RELEASED));
            case ChargePayment _ ->
                payment == Payment.UNSEEN
                        ? List.of(paymentIs(Payment.CHARGED), paymentIs(Payment.DECLINED))
                        : List.of(paymentIs(payment));
            case RefundPayment _ -> List.of(paymentIs(Payment.REFUNDED));
            case ConfirmOrder _ ->
                switch (order) {
                    case PENDING, CONFIRMED ->
                        List.of(with(stock, payment, Order.CONFIRMED)
                                .sent(Topic.ORDER_CONFIRMED, new SagaEvent.OrderConfirmed(ORDER)));
                    case CANCEL_REQUESTED -> List.of(this);
                    case CANCELLED -> throw new IllegalStateException("told to confirm a cancelled order: " + this);
                };
            case CancelOrder _ ->
                switch (order) {
                    case PENDING, CANCEL_REQUESTED, CANCELLED ->
                        List.of(with(stock, payment, Order.CANCELLED)
                                .sent(Topic.ORDER_CANCELLED, new SagaEvent.OrderCancelled(ORDER)));
                    case CONFIRMED -> throw new IllegalStateException("told to cancel a confirmed order: " + this);
                };
        };
    }

    private World stockIs(Stock now) {
        SagaEvent answer = switch (now) {
            case HELD -> new SagaEvent.StockReserved(ORDER, TOTAL);
            case REJECTED -> new SagaEvent.StockRejected(ORDER, CancelReason.OUT_OF_STOCK);
            case RELEASED -> new SagaEvent.StockReleased(ORDER);
            case UNSEEN -> throw new IllegalStateException("not an answer");
        };
        return with(now, payment, order).sent(Topic.INVENTORY_UPDATED, answer);
    }

    private World paymentIs(Payment now) {
        SagaEvent answer = switch (now) {
            case CHARGED -> new SagaEvent.PaymentCharged(ORDER, TOTAL);
            case DECLINED -> new SagaEvent.PaymentDeclined(ORDER, DeclineReason.INSUFFICIENT_FUNDS);
            case REFUNDED -> new SagaEvent.PaymentRefunded(ORDER);
            case UNSEEN -> throw new IllegalStateException("not an answer");
        };
        return with(stock, now, order).sent(Topic.PAYMENT_UPDATED, answer);
    }

    private static Topic topic(SagaCommand command) {
        return switch (command) {
            case ReserveStock _, ReleaseStock _ -> Topic.INVENTORY_COMMANDS;
            case ChargePayment _, RefundPayment _ -> Topic.PAYMENT_COMMANDS;
            case ConfirmOrder _, CancelOrder _ -> Topic.ORDER_COMMANDS;
        };
    }

    private World sent(Topic topic, Object message) {
        List<Object> messages = new ArrayList<>(underWay.getOrDefault(topic, List.of()));
        messages.add(message);
        return with(topic, messages);
    }

    private World taken(Topic topic) {
        List<Object> messages = underWay.getOrDefault(topic, List.of());
        return with(topic, messages.subList(1, messages.size()));
    }

    private World with(Topic topic, List<Object> messages) {
        Map<Topic, List<Object>> changed = new EnumMap<>(Topic.class);
        changed.putAll(underWay);
        if (messages.isEmpty()) {
            changed.remove(topic);
        } else {
            changed.put(topic, List.copyOf(messages));
        }
        return new World(saga, deadline, stock, payment, order, changed, delivered, deadlinesLeft, repeatsLeft);
    }

    private World with(Stock stockNow, Payment paymentNow, Order orderNow) {
        return new World(
                saga, deadline, stockNow, paymentNow, orderNow, underWay, delivered, deadlinesLeft, repeatsLeft);
    }
}
