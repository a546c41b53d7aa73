package dev.lockstep.audit;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Checks that every accepted order exists, ends once and with the same outcome everywhere, and that no order stays in progress. */
final class AcceptedCheck implements OrderCheck {
    private record OutcomeMessage(String topic, String type) {}

    private static final Map<String, OutcomeMessage> OUTCOME_MESSAGES = Map.of(
            "CONFIRMED", new OutcomeMessage("order.confirmed", "OrderConfirmed"),
            "CANCELLED", new OutcomeMessage("order.cancelled", "OrderCancelled"));

    private final AuditWindow window;
    private final Set<String> truncated;
    private final CheckResult accepted;
    private final CheckResult settled;

    /** @param truncated topics whose first records were deleted */
    AcceptedCheck(AuditWindow window, Set<String> truncated, CheckResult accepted, CheckResult settled) {
        this.window = window;
        this.truncated = Set.copyOf(truncated);
        this.accepted = accepted;
        this.settled = settled;
    }

    @Override
    public List<CheckResult> results() {
        return List.of(settled, accepted);
    }

    @Override
    public void examine(OrderEvidence dossier) {
        if (dossier.isAccepted()) {
            accepted.count("answered 202");
        }
        Fact.Order order = dossier.order();
        if (order == null) {
            checkMissingOrder(dossier);
            return;
        }
        accepted.count("orders");
        accepted.count(order.status());
        if (dossier.isAbandoned()) {
            accepted.count("abandoned by an operator");
            return;
        }
        if (dossier.isSagaDropped()) {
            accepted.count("sagas no longer kept");
        }
        if (!isInProgress(dossier, order)) {
            checkEndedOrder(dossier, order);
        }
    }

    private void checkMissingOrder(OrderEvidence dossier) {
        if (dossier.isAccepted()) {
            accepted.addFinding(
                    dossier.orderId(), "an order, for it was answered 202", "no such order", look(dossier.orderId()));
        } else if (window.startedAfter(dossier.placedAt())
                && (dossier.saga() != null || !dossier.outcomeRecords().isEmpty())) {
            accepted.addFinding(
                    dossier.orderId(),
                    "an order behind " + dossier.sagaState(),
                    "no such order",
                    "saga GET /sagas/" + dossier.orderId());
        }
    }

    // While the saga is kept, the order has ended once its saga has: the saga is the last to learn of the end.
    private boolean isInProgress(OrderEvidence dossier, Fact.Order order) {
        if (dossier.hasEnded()) {
            return false;
        }
        settled.count("orders under way");
        Fact.Saga saga = dossier.saga();
        if (window.leavesUndecided()) {
            settled.addUndecided(1);
        } else if (window.isStuck(order.createdAt())) {
            settled.addFinding(
                    dossier.orderId(),
                    "an end " + window.maxWait().toSeconds() + " s after the audit began to wait",
                    "%s since %s, %s%s"
                            .formatted(
                                    order.status(),
                                    Instant.ofEpochMilli(order.createdAt()),
                                    dossier.sagaState(),
                                    saga == null || saga.waitingFor().isEmpty()
                                            ? ""
                                            : " waiting for " + saga.waitingFor()),
                    "saga GET /sagas/" + dossier.orderId());
        }
        return true;
    }

    private void checkEndedOrder(OrderEvidence dossier, Fact.Order order) {
        String id = dossier.orderId();
        if (!dossier.endedAs(order.status())) {
            accepted.addFinding(
                    id,
                    "order and saga to end alike",
                    "order " + order.status() + ", " + dossier.sagaState(),
                    look(id) + " · saga GET /sagas/" + id);
            return;
        }
        if (order.status().equals("CONFIRMED") && order.total() == null) {
            accepted.addFinding(id, "a confirmed order to have a total", "none", look(id));
        }
        if (order.status().equals("CANCELLED") && order.reason() == null) {
            accepted.addFinding(id, "a cancelled order to say why", "no reason", look(id));
        }
        OUTCOME_MESSAGES.forEach((status, end) -> {
            boolean expected = status.equals(order.status());
            checkOutbox(dossier, order, end, expected);
            checkKafka(dossier, order, end, expected);
        });
    }

    private void checkOutbox(OrderEvidence dossier, Fact.Order order, OutcomeMessage end, boolean expected) {
        long said = dossier.outboxCount(ServiceRole.ORDER, Set.of(end.type()));
        if (said > 0 != expected && (said > 0 || window.outboxCovers(order.createdAt()))) {
            accepted.addFinding(
                    dossier.orderId(),
                    (expected ? "" : "no ") + end.type() + " in the outbox of an order that is " + order.status(),
                    said + " of them",
                    "order GET /outbox?aggregateId=" + dossier.orderId());
        }
    }

    private void checkKafka(OrderEvidence dossier, Fact.Order order, OutcomeMessage end, boolean expected) {
        Set<String> messages = dossier.outcomeRecords().stream()
                .filter(told -> told.topic().equals(end.topic()))
                .map(Fact.OutcomeRecord::messageId)
                .collect(Collectors.toSet());
        if (messages.isEmpty() && expected && truncated.contains(end.topic())) {
            accepted.count("ends beyond the topics' retention");
        } else if (messages.isEmpty() == expected) {
            accepted.addFinding(
                    dossier.orderId(),
                    (expected ? "a record" : "no record") + " on " + end.topic() + " for an order that is "
                            + order.status(),
                    messages.isEmpty() ? "none" : "messages " + messages,
                    "order GET /outbox?aggregateId=" + dossier.orderId());
        }
    }

    private static String look(String orderId) {
        return "order GET /orders/" + orderId;
    }
}
