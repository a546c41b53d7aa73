package dev.lockstep.audit;

import java.util.List;
import java.util.Set;

/** Checks that no message takes effect twice: an order takes each one-time step once, and no service sends more replies than commands. */
final class OnceCheck implements OrderCheck {
    // An event leads to one of these states at most once. Steps to other states can repeat after the saga has aborted
    // its order.
    private static final Set<String> FORWARD_STATES =
            Set.of("RESERVING_STOCK", "CHARGING_PAYMENT", "CONFIRMING_ORDER", "CONFIRMED");
    private static final Set<String> EVENTS = Set.of(
            "OrderCreated",
            "OrderCancelRequested",
            "StockReserved",
            "StockRejected",
            "StockReleased",
            "PaymentCharged",
            "PaymentDeclined",
            "PaymentRefunded",
            "OrderConfirmed",
            "OrderCancelled",
            "DeadlinePassed");
    private static final Set<String> STOCK_COMMANDS = Set.of("ReserveStock", "ReleaseStock");
    private static final Set<String> STOCK_REPLIES = Set.of("StockReserved", "StockRejected", "StockReleased");
    private static final Set<String> PAYMENT_COMMANDS = Set.of("ChargePayment", "RefundPayment");
    private static final Set<String> PAYMENT_REPLIES = Set.of("PaymentCharged", "PaymentDeclined", "PaymentRefunded");
    private static final Set<String> ORDER_COMMANDS = Set.of("ConfirmOrder", "CancelOrder");
    private static final Set<String> ORDER_REPLIES = Set.of("OrderConfirmed", "OrderCancelled");

    private final AuditWindow window;
    private final CheckResult result;

    OnceCheck(AuditWindow window, CheckResult result) {
        this.window = window;
        this.result = result;
    }

    @Override
    public List<CheckResult> results() {
        return List.of(result);
    }

    @Override
    public void examine(OrderEvidence evidence) {
        result.count("orders");
        for (Fact.Steps steps : evidence.steps()) {
            result.count("saga steps", steps.count());
            if (steps.count() > 1
                    && EVENTS.contains(steps.event())
                    && !steps.event().equals("DeadlinePassed")
                    && FORWARD_STATES.contains(steps.state())) {
                addFinding(evidence, "one step to " + steps.state() + " by " + steps.event(), steps.count() + " steps");
            }
        }
        // An operator can retry a step. The history records that under a separate event name, for as long as the
        // history is kept.
        long retries = evidence.steps().stream()
                .filter(steps -> !EVENTS.contains(steps.event()))
                .mapToLong(Fact.Steps::count)
                .sum();
        checkSentOnce(evidence, ServiceRole.ORDER, "OrderCreated", 0);
        if (!evidence.isSagaDropped()) {
            checkSentOnce(evidence, ServiceRole.SAGA, "ReserveStock", retries);
            checkSentOnce(evidence, ServiceRole.SAGA, "ChargePayment", retries);
        }
        if (evidence.hasEnded() && window.outboxCovers(evidence.placedAt())) {
            // The order service repeats this message for each ConfirmOrder that arrives after the cancel request.
            checkSentOnce(
                    evidence,
                    ServiceRole.ORDER,
                    "OrderCancelRequested",
                    evidence.outboxCount(ServiceRole.SAGA, Set.of("ConfirmOrder")));
            checkReplyCount(evidence, ServiceRole.INVENTORY, STOCK_COMMANDS, STOCK_REPLIES);
            checkReplyCount(evidence, ServiceRole.PAYMENT, PAYMENT_COMMANDS, PAYMENT_REPLIES);
            checkReplyCount(evidence, ServiceRole.ORDER, ORDER_COMMANDS, ORDER_REPLIES);
        }
    }

    private void checkSentOnce(OrderEvidence evidence, ServiceRole role, String type, long more) {
        long sent = evidence.outboxCount(role, Set.of(type));
        result.count(type, sent);
        if (sent > 1 + more) {
            result.addFinding(
                    evidence.orderId(),
                    "at most " + (1 + more) + " " + type + (more == 0 ? "" : ", including " + Count.of(more, "repeat")),
                    Count.of(sent, "message"),
                    role.id() + " GET /outbox?aggregateId=" + evidence.orderId() + "&type=" + type);
        }
    }

    private void checkReplyCount(OrderEvidence evidence, ServiceRole role, Set<String> commands, Set<String> answers) {
        long asked = evidence.outboxCount(ServiceRole.SAGA, commands);
        long answered = evidence.outboxCount(role, answers);
        if (answered > asked) {
            result.addFinding(
                    evidence.orderId(),
                    "at most " + Count.of(asked, "reply", "replies") + " of the " + role.id()
                            + " service, one for each command",
                    Count.of(answered, "reply", "replies"),
                    role.id() + " GET /outbox?aggregateId=" + evidence.orderId() + " · saga GET /outbox?aggregateId="
                            + evidence.orderId());
        }
    }

    private void addFinding(OrderEvidence evidence, String expected, String found) {
        result.addFinding(evidence.orderId(), expected, found, "saga GET /sagas/" + evidence.orderId());
    }
}
