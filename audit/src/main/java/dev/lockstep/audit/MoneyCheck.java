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
    public void examine(OrderEvidence dossier) {
        Fact.Payment payment = dossier.payment();
        if (payment != null) {
            result.count("payments");
        }
        long charges = postings(dossier, "CHARGE");
        long refunds = postings(dossier, "REFUND");
        result.count("charges", charges);
        result.count("refunds", refunds);
        if (charges > 1) {
            addFinding(dossier, "an order to be charged once", charges + " charges");
        }
        if (refunds > charges) {
            addFinding(dossier, "no more refunds than charges", charges + " charges, " + refunds + " refunds");
        }
        if (dossier.order() == null && charges > 0 && window.startedAfter(dossier.placedAt())) {
            addFinding(dossier, "an order behind a charge", "no such order");
        }
        checkPaymentAgainstLedger(dossier, payment, charges, refunds);
        if (dossier.endedAs("CONFIRMED")) {
            checkConfirmed(dossier, charges - refunds);
        }
        if (dossier.endedAs("CANCELLED")) {
            checkCancelled(dossier, payment);
        }
    }

    // Each posting has exactly one entry on the revenue account, so counting these entries counts postings.
    private static long postings(OrderEvidence dossier, String kind) {
        return dossier.entries().stream()
                .filter(entry -> entry.kind().equals(kind) && entry.account().equals(REVENUE))
                .count();
    }

    private void checkPaymentAgainstLedger(
            OrderEvidence dossier, Fact.@Nullable Payment payment, long charges, long refunds) {
        boolean taken = payment != null && payment.status().equals("CHARGED");
        if (taken != (charges - refunds > 0)) {
            addFinding(
                    dossier,
                    "the payment to stand as the ledger says, %d charges and %d refunds".formatted(charges, refunds),
                    payment == null ? "no payment" : payment.status());
        }
        if (payment == null || payment.amount() == null || !taken) {
            return;
        }
        for (Fact.LedgerEntry entry : dossier.entries()) {
            long expected = (entry.kind().equals("CHARGE") == entry.account().equals(REVENUE) ? 1 : -1)
                    * payment.amount().amount();
            boolean known = entry.account().equals(REVENUE) || entry.account().equals(payment.userId());
            if (!known
                    || entry.amount().amount() != expected
                    || !entry.amount().currency().equals(payment.amount().currency())) {
                addFinding(
                        dossier,
                        "%s entries of %s between %s and %s"
                                .formatted(entry.kind(), payment.amount(), payment.userId(), REVENUE),
                        entry.amount() + " on " + entry.account());
            }
        }
    }

    private void checkConfirmed(OrderEvidence dossier, long taken) {
        Fact.Order order = dossier.order();
        Fact.Payment payment = dossier.payment();
        Fact.Money total = order == null ? null : order.total();
        if (taken != 1 || payment == null || !payment.status().equals("CHARGED")) {
            addFinding(
                    dossier,
                    "a confirmed order to be charged once",
                    (payment == null ? "no payment" : payment.status()) + ", charged " + taken + " times net");
            return;
        }
        if (total != null && !total.equals(payment.amount())) {
            addFinding(dossier, "the order's total to be charged, " + total, String.valueOf(payment.amount()));
        }
        if (order != null && !order.userId().equals(payment.userId())) {
            addFinding(dossier, "the user of the order, " + order.userId(), String.valueOf(payment.userId()));
        }
    }

    private void checkCancelled(OrderEvidence dossier, Fact.@Nullable Payment payment) {
        if (payment != null && payment.status().equals("CHARGED")) {
            addFinding(dossier, "a cancelled order not to be charged", "CHARGED " + payment.amount());
        }
        Map<String, Long> net = new HashMap<>();
        dossier.entries()
                .forEach(entry -> net.merge(
                        entry.account() + " in " + entry.amount().currency(),
                        entry.amount().amount(),
                        Long::sum));
        net.values().removeIf(sum -> sum == 0);
        if (!net.isEmpty()) {
            addFinding(dossier, "the entries of a cancelled order to net to nothing", new TreeMap<>(net).toString());
        }
    }

    private void addFinding(OrderEvidence dossier, String expected, String found) {
        result.addFinding(
                dossier.orderId(),
                expected,
                found + ", " + dossier.sagaState(),
                "payment GET /payments/" + dossier.orderId() + " · payment GET /ledger?orderId=" + dossier.orderId());
    }
}
