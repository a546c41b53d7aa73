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
    public void examine(OrderEvidence evidence) {
        if (evidence.isAccepted()) {
            accepted.count("answered 202");
        }
        Fact.Order order = evidence.order();
        if (order == null) {
            checkMissingOrder(evidence);
            return;
        }
        accepted.count("orders");
        accepted.count(order.status());
        if (evidence.isAbandoned()) {
            accepted.count("abandoned by an operator");
            return;
        }
        if (evidence.isSagaDropped()) {
            accepted.count("sagas no longer kept");
        }
        if (!isInProgress(evidence, order)) {
            checkEndedOrder(evidence, order);
        }
    }

    private void checkMissingOrder(OrderEvidence evidence) {
        if (evidence.isAccepted()) {
            accepted.addFinding(
                    evidence.orderId(),
                    "an order, because a client received a 202",
                    "no such order",
                    look(evidence.orderId()));
        } else if (window.startedAfter(evidence.placedAt())
                && (evidence.saga() != null || !evidence.outcomeRecords().isEmpty())) {
            accepted.addFinding(
                    evidence.orderId(),
                    "an order for its saga or outcome records",
                    "no such order, " + evidence.sagaState(),
                    "saga GET /sagas/" + evidence.orderId());
        }
    }

    // The saga ends after its order. While the saga is kept, its state therefore decides whether the order has ended.
    private boolean isInProgress(OrderEvidence evidence, Fact.Order order) {
        if (evidence.hasEnded()) {
            return false;
        }
        settled.count("orders under way");
        Fact.Saga saga = evidence.saga();
        if (window.leavesUndecided()) {
            settled.addUndecided(1);
        } else if (window.isStuck(order.createdAt())) {
            settled.addFinding(
                    evidence.orderId(),
                    "an outcome within " + window.maxWait().toSeconds() + " s of the start of the audit",
                    "%s since %s, %s%s"
                            .formatted(
                                    order.status(),
                                    Instant.ofEpochMilli(order.createdAt()),
                                    evidence.sagaState(),
                                    saga == null || saga.waitingFor().isEmpty()
                                            ? ""
                                            : " waiting for " + saga.waitingFor()),
                    "saga GET /sagas/" + evidence.orderId());
        }
        return true;
    }

    private void checkEndedOrder(OrderEvidence evidence, Fact.Order order) {
        String id = evidence.orderId();
        if (!evidence.endedAs(order.status())) {
            accepted.addFinding(
                    id,
                    "the same outcome for order and saga",
                    "order " + order.status() + ", " + evidence.sagaState(),
                    look(id) + " · saga GET /sagas/" + id);
            return;
        }
        if (order.status().equals("CONFIRMED") && order.outcome().total() == null) {
            accepted.addFinding(id, "a total for a confirmed order", "none", look(id));
        }
        if (order.status().equals("CANCELLED") && order.outcome().reason() == null) {
            accepted.addFinding(id, "a reason for a cancelled order", "none", look(id));
        }
        OUTCOME_MESSAGES.forEach((status, end) -> {
            boolean expected = status.equals(order.status());
            checkOutbox(evidence, order, end, expected);
            checkKafka(evidence, order, end, expected);
        });
    }

    private void checkOutbox(OrderEvidence evidence, Fact.Order order, OutcomeMessage end, boolean expected) {
        long messages = evidence.outboxCount(ServiceRole.ORDER, Set.of(end.type()));
        if (messages > 0 != expected && (messages > 0 || window.outboxCovers(order.createdAt()))) {
            accepted.addFinding(
                    evidence.orderId(),
                    (expected ? "an " : "no ") + end.type() + " message in the outbox for an order that is "
                            + order.status(),
                    Count.of(messages, "message"),
                    "order GET /outbox?aggregateId=" + evidence.orderId());
        }
    }

    private void checkKafka(OrderEvidence evidence, Fact.Order order, OutcomeMessage end, boolean expected) {
        Set<String> messages = evidence.outcomeRecords().stream()
                .filter(record -> record.topic().equals(end.topic()))
                .map(Fact.OutcomeRecord::messageId)
                .collect(Collectors.toSet());
        if (messages.isEmpty() && expected && truncated.contains(end.topic())) {
            accepted.count("outcomes beyond the topics' retention");
        } else if (messages.isEmpty() == expected) {
            accepted.addFinding(
                    evidence.orderId(),
                    (expected ? "a record" : "no record") + " on " + end.topic() + " for an order that is "
                            + order.status(),
                    messages.isEmpty() ? "none" : "messages " + messages,
                    "order GET /outbox?aggregateId=" + evidence.orderId());
        }
    }

    private static String look(String orderId) {
        return "order GET /orders/" + orderId;
    }
}
