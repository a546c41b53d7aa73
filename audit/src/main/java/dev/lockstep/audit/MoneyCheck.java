package dev.lockstep.audit;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Checks that a confirmed order is charged once, a cancelled order nets to zero, and no other money appears or disappears. */
final class MoneyCheck implements OrderCheck {
    private static final String REVENUE = "system:revenue";

    private final AuditWindow window;
    private final CheckResult result;

    MoneyCheck(AuditWindow window, CheckResult result) {
        this.window = window;
        this.result = result;
    }

    @Override
    public List<CheckResult> results() {
        return List.of(result);
    }

    @Override
    public void examine(OrderEvidence evidence) {
        Fact.Payment payment = evidence.payment();
        if (payment != null) {
            result.count("payments");
        }
        long charges = postings(evidence, "CHARGE");
        long refunds = postings(evidence, "REFUND");
        result.count("charges", charges);
        result.count("refunds", refunds);
        if (charges > 1) {
            addFinding(evidence, "at most one charge", charges + " charges");
        }
        if (refunds > charges) {
            addFinding(
                    evidence,
                    "no more refunds than charges",
                    Count.of(charges, "charge") + ", " + Count.of(refunds, "refund"));
        }
        if (evidence.order() == null && charges > 0 && window.startedAfter(evidence.placedAt())) {
            addFinding(evidence, "an order for the charge", "no such order");
        }
        checkPaymentAgainstLedger(evidence, payment, charges, refunds);
        if (evidence.endedAs("CONFIRMED")) {
            checkConfirmed(evidence, charges - refunds);
        }
        if (evidence.endedAs("CANCELLED")) {
            checkCancelled(evidence, payment);
        }
    }

    // Each posting has exactly one entry on the revenue account, so counting these entries counts postings.
    private static long postings(OrderEvidence evidence, String kind) {
        return evidence.entries().stream()
                .filter(entry -> entry.kind().equals(kind) && entry.account().equals(REVENUE))
                .count();
    }

    private void checkPaymentAgainstLedger(
            OrderEvidence evidence, Fact.@Nullable Payment payment, long charges, long refunds) {
        boolean taken = payment != null && payment.status().equals("CHARGED");
        if (taken != (charges - refunds > 0)) {
            addFinding(
                    evidence,
                    "a payment status that matches the ledger, " + Count.of(charges, "charge") + " and "
                            + Count.of(refunds, "refund"),
                    payment == null ? "no payment" : payment.status());
        }
        if (payment == null || payment.amount() == null || !taken) {
            return;
        }
        for (Fact.LedgerEntry entry : evidence.entries()) {
            long expected = (entry.kind().equals("CHARGE") == entry.account().equals(REVENUE) ? 1 : -1)
                    * payment.amount().amount();
            boolean known = entry.account().equals(REVENUE) || entry.account().equals(payment.userId());
            if (!known
                    || entry.amount().amount() != expected
                    || !entry.amount().currency().equals(payment.amount().currency())) {
                addFinding(
                        evidence,
                        "%s entries of %s between %s and %s"
                                .formatted(entry.kind(), payment.amount(), payment.userId(), REVENUE),
                        entry.amount() + " on " + entry.account());
            }
        }
    }

    private void checkConfirmed(OrderEvidence evidence, long taken) {
        Fact.Order order = evidence.order();
        Fact.Payment payment = evidence.payment();
        Fact.Money total = order == null ? null : order.outcome().total();
        if (taken != 1 || payment == null || !payment.status().equals("CHARGED")) {
            addFinding(
                    evidence,
                    "one charge for a confirmed order",
                    (payment == null ? "no payment" : payment.status()) + ", " + Count.of(taken, "charge")
                            + " net of refunds");
            return;
        }
        if (total != null && !total.equals(payment.amount())) {
            addFinding(evidence, "a charge of the order's total, " + total, String.valueOf(payment.amount()));
        }
        if (order != null && !order.userId().equals(payment.userId())) {
            addFinding(
                    evidence, "a payment by the user who ordered, " + order.userId(), String.valueOf(payment.userId()));
        }
    }

    private void checkCancelled(OrderEvidence evidence, Fact.@Nullable Payment payment) {
        if (payment != null && payment.status().equals("CHARGED")) {
            addFinding(evidence, "no charge for a cancelled order", "CHARGED " + payment.amount());
        }
        Map<String, Long> net = new HashMap<>();
        evidence.entries()
                .forEach(entry -> net.merge(
                        entry.account() + " in " + entry.amount().currency(),
                        entry.amount().amount(),
                        Long::sum));
        net.values().removeIf(sum -> sum == 0);
        if (!net.isEmpty()) {
            addFinding(evidence, "entries that net to zero for a cancelled order", new TreeMap<>(net).toString());
        }
    }

    private void addFinding(OrderEvidence evidence, String expected, String found) {
        result.addFinding(
                evidence.orderId(),
                expected,
                found + ", " + evidence.sagaState(),
                "payment GET /payments/" + evidence.orderId() + " · payment GET /ledger?orderId=" + evidence.orderId());
    }
}
