package dev.lockstep.audit;

import java.util.List;
import java.util.Set;

/** No message takes effect twice: what an order goes through once is there once, and nobody answers more often than asked. */
final class OnceCheck implements OrderCheck {
    // What these events lead to, they lead to once. Others may come again to a saga that was given up.
    private static final Set<String> STATES_ON_THE_WAY =
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
    private static final Set<String> STOCK_ANSWERS = Set.of("StockReserved", "StockRejected", "StockReleased");
    private static final Set<String> PAYMENT_COMMANDS = Set.of("ChargePayment", "RefundPayment");
    private static final Set<String> PAYMENT_ANSWERS = Set.of("PaymentCharged", "PaymentDeclined", "PaymentRefunded");
    private static final Set<String> ORDER_COMMANDS = Set.of("ConfirmOrder", "CancelOrder");
    private static final Set<String> ORDER_ANSWERS = Set.of("OrderConfirmed", "OrderCancelled");

    private final Moment moment;
    private final Tally tally;

    OnceCheck(Moment moment, Tally tally) {
        this.moment = moment;
        this.tally = tally;
    }

    @Override
    public List<Tally> tallies() {
        return List.of(tally);
    }

    @Override
    public void examine(Dossier dossier) {
        tally.count("orders");
        for (Fact.Steps steps : dossier.steps()) {
            tally.count("saga steps", steps.count());
            if (steps.count() > 1
                    && EVENTS.contains(steps.event())
                    && !steps.event().equals("DeadlinePassed")
                    && STATES_ON_THE_WAY.contains(steps.state())) {
                broken(dossier, "one step to " + steps.state() + " by " + steps.event(), steps.count() + " of them");
            }
        }
        // An operator may have a step tried again, which is in the history under a name of its own, for as long as
        // there is one.
        long retries = dossier.steps().stream()
                .filter(steps -> !EVENTS.contains(steps.event()))
                .mapToLong(Fact.Steps::count)
                .sum();
        saidOnce(dossier, Party.ORDER, "OrderCreated", 0);
        if (!dossier.isSagaDropped()) {
            saidOnce(dossier, Party.SAGA, "ReserveStock", retries);
            saidOnce(dossier, Party.SAGA, "ChargePayment", retries);
        }
        if (dossier.hasEnded() && moment.covers(dossier.placedAt())) {
            // Said again to whoever wants to confirm all the same.
            saidOnce(dossier, Party.ORDER, "OrderCancelRequested", dossier.said(Party.SAGA, Set.of("ConfirmOrder")));
            answeredAsAsked(dossier, Party.INVENTORY, STOCK_COMMANDS, STOCK_ANSWERS);
            answeredAsAsked(dossier, Party.PAYMENT, PAYMENT_COMMANDS, PAYMENT_ANSWERS);
            answeredAsAsked(dossier, Party.ORDER, ORDER_COMMANDS, ORDER_ANSWERS);
        }
    }

    private void saidOnce(Dossier dossier, Party party, String type, long more) {
        long said = dossier.said(party, Set.of(type));
        tally.count(type, said);
        if (said > 1 + more) {
            tally.broken(
                    dossier.orderId(),
                    "one " + type + (more == 0 ? "" : " and " + more + " that were asked for again"),
                    said + " of them",
                    party.id() + " GET /outbox?aggregateId=" + dossier.orderId() + "&type=" + type);
        }
    }

    private void answeredAsAsked(Dossier dossier, Party party, Set<String> commands, Set<String> answers) {
        long asked = dossier.said(Party.SAGA, commands);
        long answered = dossier.said(party, answers);
        if (answered > asked) {
            tally.broken(
                    dossier.orderId(),
                    "no more answers of the " + party.id() + " service than commands to it, " + asked,
                    answered + " answers",
                    party.id() + " GET /outbox?aggregateId=" + dossier.orderId() + " · saga GET /outbox?aggregateId="
                            + dossier.orderId());
        }
    }

    private void broken(Dossier dossier, String expected, String found) {
        tally.broken(dossier.orderId(), expected, found, "saga GET /sagas/" + dossier.orderId());
    }
}
