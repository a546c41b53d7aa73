package dev.lockstep.audit;

import java.util.List;
import java.util.Set;

/** Checks that no message takes effect twice: an order takes each one-time step once, and no service sends more replies than commands. */
final class OnceCheck implements OrderCheck {
    // An event leads to one of these states at most once. Steps to other states can repeat after the saga has given its
    // order up.
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
    public void examine(OrderEvidence dossier) {
        result.count("orders");
        for (Fact.Steps steps : dossier.steps()) {
            result.count("saga steps", steps.count());
            if (steps.count() > 1
                    && EVENTS.contains(steps.event())
                    && !steps.event().equals("DeadlinePassed")
                    && FORWARD_STATES.contains(steps.state())) {
                addFinding(
                        dossier, "one step to " + steps.state() + " by " + steps.event(), steps.count() + " of them");
            }
        }
        // An operator can retry a step. The history records that under a separate event name, for as long as the
        // history is kept.
        long retries = dossier.steps().stream()
                .filter(steps -> !EVENTS.contains(steps.event()))
                .mapToLong(Fact.Steps::count)
                .sum();
        checkSentOnce(dossier, ServiceRole.ORDER, "OrderCreated", 0);
        if (!dossier.isSagaDropped()) {
            checkSentOnce(dossier, ServiceRole.SAGA, "ReserveStock", retries);
            checkSentOnce(dossier, ServiceRole.SAGA, "ChargePayment", retries);
        }
        if (dossier.hasEnded() && window.outboxCovers(dossier.placedAt())) {
            // The order service repeats this message for each ConfirmOrder that arrives after the cancel request.
            checkSentOnce(
                    dossier,
                    ServiceRole.ORDER,
                    "OrderCancelRequested",
                    dossier.outboxCount(ServiceRole.SAGA, Set.of("ConfirmOrder")));
            checkReplyCount(dossier, ServiceRole.INVENTORY, STOCK_COMMANDS, STOCK_REPLIES);
            checkReplyCount(dossier, ServiceRole.PAYMENT, PAYMENT_COMMANDS, PAYMENT_REPLIES);
            checkReplyCount(dossier, ServiceRole.ORDER, ORDER_COMMANDS, ORDER_REPLIES);
        }
    }

    private void checkSentOnce(OrderEvidence dossier, ServiceRole party, String type, long more) {
        long said = dossier.outboxCount(party, Set.of(type));
        result.count(type, said);
        if (said > 1 + more) {
            result.addFinding(
                    dossier.orderId(),
                    "one " + type + (more == 0 ? "" : " and " + more + " that were asked for again"),
                    said + " of them",
                    party.id() + " GET /outbox?aggregateId=" + dossier.orderId() + "&type=" + type);
        }
    }

    private void checkReplyCount(OrderEvidence dossier, ServiceRole party, Set<String> commands, Set<String> answers) {
        long asked = dossier.outboxCount(ServiceRole.SAGA, commands);
        long answered = dossier.outboxCount(party, answers);
        if (answered > asked) {
            result.addFinding(
                    dossier.orderId(),
                    "no more answers of the " + party.id() + " service than commands to it, " + asked,
                    answered + " answers",
                    party.id() + " GET /outbox?aggregateId=" + dossier.orderId() + " · saga GET /outbox?aggregateId="
                            + dossier.orderId());
        }
    }

    private void addFinding(OrderEvidence dossier, String expected, String found) {
        result.addFinding(dossier.orderId(), expected, found, "saga GET /sagas/" + dossier.orderId());
    }
}
