package dev.lockstep.saga.domain;

import static dev.lockstep.saga.domain.SagaFixtures.ORDER;
import static dev.lockstep.saga.domain.SagaFixtures.TOTAL;

import dev.lockstep.saga.domain.Compensation.Undo;
import dev.lockstep.saga.domain.SagaCommand.CancelOrder;
import dev.lockstep.saga.domain.SagaCommand.ChargePayment;
import dev.lockstep.saga.domain.SagaCommand.ConfirmOrder;
import dev.lockstep.saga.domain.SagaCommand.RefundPayment;
import dev.lockstep.saga.domain.SagaCommand.ReleaseStock;
import dev.lockstep.saga.domain.SagaCommand.ReserveStock;
import dev.lockstep.saga.domain.SagaState.Abandoned;
import dev.lockstep.saga.domain.SagaState.Cancelled;
import dev.lockstep.saga.domain.SagaState.Confirmed;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The state of one order: its saga, its participants, and the messages in flight between them.
 *
 * <p>Messages are ordered within a topic, but not between topics. Participants answer every command that is not lost. The budget limits how
 * often optional events may still occur.
 *
 * @param delivered events that were delivered to the saga, and that may be delivered again
 */
record SystemState(
        SagaState saga,
        boolean deadline,
        Stock stock,
        Payment payment,
        Order order,
        Map<Topic, List<Object>> inFlight,
        Set<SagaEvent> delivered,
        Budget budget) {

    private static final Set<Topic> CAN_BE_LOST = EnumSet.of(
            Topic.ORDER_CREATED, Topic.ORDER_CANCEL_REQUESTED, Topic.INVENTORY_COMMANDS, Topic.PAYMENT_COMMANDS);

    /**
     * @param deadlines how many deadlines may pass
     * @param repeats how many replies may be delivered again
     * @param actions how many operator actions are possible
     * @param losses how many messages may be lost, for example because they became dead letters: commands to inventory and payment,
     *     {@code OrderCreated} and {@code OrderCancelRequested}
     */
    record Budget(int deadlines, int repeats, int actions, int losses) {}

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

    static SystemState start(Budget budget) {
        return new SystemState(
                        new SagaState.NotStarted(),
                        false,
                        Stock.UNSEEN,
                        Payment.UNSEEN,
                        Order.PENDING,
                        Map.of(),
                        Set.of(),
                        budget)
                .sent(Topic.ORDER_CREATED, new SagaEvent.OrderPlaced(ORDER, "u1", SagaFixtures.ITEMS));
    }

    /** All possible next states. */
    List<SystemState> next(OrderSaga decider) {
        List<SystemState> next = new ArrayList<>();
        inFlight.forEach((topic, messages) -> {
            SystemState rest = withoutFirst(topic);
            if (budget.losses > 0 && canBeLost(topic)) {
                next.add(rest.with(new Budget(budget.deadlines, budget.repeats, budget.actions, budget.losses - 1)));
            }
            switch (messages.getFirst()) {
                case SagaEvent event -> next.add(rest.deliver(decider, event));
                case SagaCommand command -> next.addAll(rest.handle(command));
                default -> throw new IllegalStateException(messages.toString());
            }
        });
        if (order == Order.PENDING) {
            next.add(with(stock, payment, Order.CANCEL_REQUESTED)
                    .sent(Topic.ORDER_CANCEL_REQUESTED, new SagaEvent.CancelRequested(ORDER)));
        }
        if (deadline && budget.deadlines > 0) {
            next.add(with(new Budget(budget.deadlines - 1, budget.repeats, budget.actions, budget.losses))
                    .deliver(decider, new SagaEvent.DeadlinePassed(ORDER)));
        }
        if (budget.repeats > 0) {
            SystemState repeating =
                    with(new Budget(budget.deadlines, budget.repeats - 1, budget.actions, budget.losses));
            delivered.forEach(event -> next.add(repeating.deliver(decider, event)));
        }
        if (budget.actions > 0) {
            SystemState stepping =
                    with(new Budget(budget.deadlines, budget.repeats, budget.actions - 1, budget.losses));
            SagaFixtures.ACTIONS.forEach(action -> stepping.act(decider, action).ifPresent(next::add));
        }
        return next;
    }

    // If both messages of the order were lost, there would be no saga for an operator to act on.
    private boolean canBeLost(Topic topic) {
        return CAN_BE_LOST.contains(topic)
                && (topic != Topic.ORDER_CANCEL_REQUESTED || !(saga instanceof SagaState.NotStarted));
    }

    private Optional<SystemState> act(OrderSaga decider, SagaEvent.OperatorAction action) {
        try {
            return Optional.of(deliver(decider, action));
        } catch (UnexpectedEventException refused) {
            return Optional.empty();
        }
    }

    boolean isQuiescent() {
        return inFlight.isEmpty();
    }

    boolean hasEnded() {
        return saga instanceof Confirmed || saga instanceof Cancelled || saga instanceof Abandoned;
    }

    boolean nothingHeldOrCharged() {
        return stock != Stock.HELD && payment != Payment.CHARGED;
    }

    boolean isConsistent() {
        return switch (saga) {
            case Confirmed _ -> stock == Stock.HELD && payment == Payment.CHARGED && order == Order.CONFIRMED;
            case Cancelled _ -> nothingHeldOrCharged() && order == Order.CANCELLED;
            // The saga records what was left undone.
            case Abandoned(Compensation left, String why) ->
                (stock != Stock.HELD || left.stock() != Undo.DONE)
                        && (payment != Payment.CHARGED || left.payment() != Undo.DONE)
                        && order == Order.CANCELLED
                        && !why.isEmpty();
            default -> false;
        };
    }

    private SystemState deliver(OrderSaga decider, SagaEvent event) {
        Decision decision = decider.decide(saga, event);
        boolean moved = !decision.state().equals(saga);
        Set<SagaEvent> known = new HashSet<>(delivered);
        if (!(event instanceof SagaEvent.DeadlinePassed || event instanceof SagaEvent.OperatorAction)) {
            known.add(event);
        }
        SystemState after = new SystemState(
                decision.state(),
                moved ? decision.deadline() != null : deadline,
                stock,
                payment,
                order,
                inFlight,
                Set.copyOf(known),
                budget);
        for (SagaCommand command : decision.commands()) {
            after = after.sent(topic(command), command);
        }
        return after;
    }

    private List<SystemState> handle(SagaCommand command) {
        return switch (command) {
            case ReserveStock _ ->
                stock == Stock.UNSEEN
                        ? List.of(withStock(Stock.HELD), withStock(Stock.REJECTED))
                        : List.of(withStock(stock));
            case ReleaseStock _ -> List.of(withStock(Stock.RELEASED));
            case ChargePayment _ ->
                payment == Payment.UNSEEN
                        ? List.of(withPayment(Payment.CHARGED), withPayment(Payment.DECLINED))
                        : List.of(withPayment(payment));
            case RefundPayment _ -> List.of(withPayment(Payment.REFUNDED));
            case ConfirmOrder _ ->
                switch (order) {
                    case PENDING, CONFIRMED ->
                        List.of(with(stock, payment, Order.CONFIRMED)
                                .sent(Topic.ORDER_CONFIRMED, new SagaEvent.OrderConfirmed(ORDER)));
                    case CANCEL_REQUESTED ->
                        List.of(sent(Topic.ORDER_CANCEL_REQUESTED, new SagaEvent.CancelRequested(ORDER)));
                    case CANCELLED -> throw new IllegalStateException("ConfirmOrder for a cancelled order: " + this);
                };
            case CancelOrder _ ->
                switch (order) {
                    case PENDING, CANCEL_REQUESTED, CANCELLED ->
                        List.of(with(stock, payment, Order.CANCELLED)
                                .sent(Topic.ORDER_CANCELLED, new SagaEvent.OrderCancelled(ORDER)));
                    case CONFIRMED -> throw new IllegalStateException("CancelOrder for a confirmed order: " + this);
                };
        };
    }

    private SystemState withStock(Stock now) {
        SagaEvent answer = switch (now) {
            case HELD -> new SagaEvent.StockReserved(ORDER, TOTAL);
            case REJECTED -> new SagaEvent.StockRejected(ORDER, CancelReason.OUT_OF_STOCK);
            case RELEASED -> new SagaEvent.StockReleased(ORDER);
            case UNSEEN -> throw new IllegalStateException("not an answer");
        };
        return with(now, payment, order).sent(Topic.INVENTORY_UPDATED, answer);
    }

    private SystemState withPayment(Payment now) {
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

    private SystemState sent(Topic topic, Object message) {
        List<Object> messages = new ArrayList<>(inFlight.getOrDefault(topic, List.of()));
        messages.add(message);
        return with(topic, messages);
    }

    private SystemState withoutFirst(Topic topic) {
        List<Object> messages = inFlight.getOrDefault(topic, List.of());
        return with(topic, messages.subList(1, messages.size()));
    }

    private SystemState with(Topic topic, List<Object> messages) {
        Map<Topic, List<Object>> changed = new EnumMap<>(Topic.class);
        changed.putAll(inFlight);
        if (messages.isEmpty()) {
            changed.remove(topic);
        } else {
            changed.put(topic, List.copyOf(messages));
        }
        return new SystemState(saga, deadline, stock, payment, order, changed, delivered, budget);
    }

    SystemState with(Budget now) {
        return new SystemState(saga, deadline, stock, payment, order, inFlight, delivered, now);
    }

    private SystemState with(Stock stockNow, Payment paymentNow, Order orderNow) {
        return new SystemState(saga, deadline, stockNow, paymentNow, orderNow, inFlight, delivered, budget);
    }
}
