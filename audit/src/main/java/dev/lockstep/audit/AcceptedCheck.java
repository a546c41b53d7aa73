package dev.lockstep.audit;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Every accepted order is there, ends once, and everybody agrees how; and what is under way does not stay so. */
final class AcceptedCheck implements OrderCheck {
    private record End(String topic, String type) {}

    private static final Map<String, End> ENDS = Map.of(
            "CONFIRMED", new End("order.confirmed", "OrderConfirmed"),
            "CANCELLED", new End("order.cancelled", "OrderCancelled"));

    private final Moment moment;
    private final Set<String> truncated;
    private final Tally accepted;
    private final Tally settled;

    /** @param truncated topics that do not reach back to their first record */
    AcceptedCheck(Moment moment, Set<String> truncated, Tally accepted, Tally settled) {
        this.moment = moment;
        this.truncated = Set.copyOf(truncated);
        this.accepted = accepted;
        this.settled = settled;
    }

    @Override
    public List<Tally> tallies() {
        return List.of(settled, accepted);
    }

    @Override
    public void examine(Dossier dossier) {
        if (dossier.isAccepted()) {
            accepted.count("answered 202");
        }
        Fact.Order order = dossier.order();
        if (order == null) {
            withoutOrder(dossier);
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
        if (!isUnderWay(dossier, order)) {
            ended(dossier, order);
        }
    }

    private void withoutOrder(Dossier dossier) {
        if (dossier.isAccepted()) {
            accepted.broken(
                    dossier.orderId(), "an order, for it was answered 202", "no such order", look(dossier.orderId()));
        } else if (moment.isBefore(dossier.placedAt())
                && (dossier.saga() != null || !dossier.told().isEmpty())) {
            accepted.broken(
                    dossier.orderId(),
                    "an order behind " + dossier.sagaState(),
                    "no such order",
                    "saga GET /sagas/" + dossier.orderId());
        }
    }

    // An order has ended once the saga says so, for as long as it is kept: it is the last to hear of it.
    private boolean isUnderWay(Dossier dossier, Fact.Order order) {
        if (dossier.hasEnded()) {
            return false;
        }
        settled.count("orders under way");
        Fact.Saga saga = dossier.saga();
        if (moment.leavesOpen()) {
            settled.leaveOpen(1);
        } else if (moment.calls(order.createdAt())) {
            settled.broken(
                    dossier.orderId(),
                    "an end " + moment.waited().toSeconds() + " s after the audit began to wait",
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

    private void ended(Dossier dossier, Fact.Order order) {
        String id = dossier.orderId();
        if (!dossier.endedAs(order.status())) {
            accepted.broken(
                    id,
                    "order and saga to end alike",
                    "order " + order.status() + ", " + dossier.sagaState(),
                    look(id) + " · saga GET /sagas/" + id);
            return;
        }
        if (order.status().equals("CONFIRMED") && order.total() == null) {
            accepted.broken(id, "a confirmed order to have a total", "none", look(id));
        }
        if (order.status().equals("CANCELLED") && order.reason() == null) {
            accepted.broken(id, "a cancelled order to say why", "no reason", look(id));
        }
        ENDS.forEach((status, end) -> {
            boolean expected = status.equals(order.status());
            saidInTheOutbox(dossier, order, end, expected);
            toldOnKafka(dossier, order, end, expected);
        });
    }

    private void saidInTheOutbox(Dossier dossier, Fact.Order order, End end, boolean expected) {
        long said = dossier.said(Party.ORDER, Set.of(end.type()));
        if (said > 0 != expected && (said > 0 || moment.covers(order.createdAt()))) {
            accepted.broken(
                    dossier.orderId(),
                    (expected ? "" : "no ") + end.type() + " in the outbox of an order that is " + order.status(),
                    said + " of them",
                    "order GET /outbox?aggregateId=" + dossier.orderId());
        }
    }

    private void toldOnKafka(Dossier dossier, Fact.Order order, End end, boolean expected) {
        Set<String> messages = dossier.told().stream()
                .filter(told -> told.topic().equals(end.topic()))
                .map(Fact.Told::messageId)
                .collect(Collectors.toSet());
        if (messages.isEmpty() && expected && truncated.contains(end.topic())) {
            accepted.count("ends beyond the topics' retention");
        } else if (messages.isEmpty() == expected) {
            accepted.broken(
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
