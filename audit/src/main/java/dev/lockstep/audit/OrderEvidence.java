package dev.lockstep.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All facts about one order. */
final class OrderEvidence {
    private static final Set<String> TERMINAL_STATES = Set.of("CONFIRMED", "CANCELLED");
    private static final String ABANDONED = "ABANDONED";

    private final String orderId;
    private final AuditWindow window;
    private final List<Fact.Steps> steps = new ArrayList<>();
    private final List<Fact.LedgerEntry> entries = new ArrayList<>();
    private final List<Fact.OutboxCount> outboxCounts = new ArrayList<>();
    private final List<Fact.OutcomeRecord> outcomeRecords = new ArrayList<>();
    private boolean accepted;
    private Fact.@Nullable Order order;
    private Fact.@Nullable Saga saga;
    private Fact.@Nullable Reservation reservation;
    private Fact.@Nullable Payment payment;

    OrderEvidence(String orderId, AuditWindow window) {
        this.orderId = orderId;
        this.window = window;
    }

    void add(Fact fact) {
        switch (fact) {
            case Fact.Accepted yes -> accepted = true;
            case Fact.Order row -> order = row;
            case Fact.Saga row -> saga = row;
            case Fact.Steps row -> steps.add(row);
            case Fact.Reservation row -> reservation = row;
            case Fact.Payment row -> payment = row;
            case Fact.LedgerEntry row -> entries.add(row);
            case Fact.OutboxCount row -> outboxCounts.add(row);
            case Fact.OutcomeRecord row -> outcomeRecords.add(row);
        }
    }

    String orderId() {
        return orderId;
    }

    boolean isAccepted() {
        return accepted;
    }

    Fact.@Nullable Order order() {
        return order;
    }

    Fact.@Nullable Saga saga() {
        return saga;
    }

    Fact.@Nullable Reservation reservation() {
        return reservation;
    }

    Fact.@Nullable Payment payment() {
        return payment;
    }

    List<Fact.Steps> steps() {
        return steps;
    }

    List<Fact.LedgerEntry> entries() {
        return entries;
    }

    List<Fact.OutcomeRecord> outcomeRecords() {
        return outcomeRecords;
    }

    /** How many messages of these types the service's outbox has for the order. */
    long outboxCount(ServiceRole role, Set<String> types) {
        return outboxCounts.stream()
                .filter(each -> each.role() == role && types.contains(each.type()))
                .mapToLong(Fact.OutboxCount::count)
                .sum();
    }

    boolean hasEnded() {
        return TERMINAL_STATES.stream().anyMatch(this::endedAs);
    }

    /**
     * Whether the order ended in this state according to its saga, or according to its own row if the saga is no longer kept. The order
     * of the snapshots guarantees that every other service must agree then.
     */
    boolean endedAs(String end) {
        return saga != null
                ? saga.state().equals(end)
                : order != null && order.status().equals(end) && isSagaDropped();
    }

    /**
     * Whether the saga was dropped while the order is still there. A saga and its history are dropped some time after the saga has ended.
     *
     * <p>The order must have ended before the audit began. Its saga had a row by then, so a missing row can only mean that it was
     * dropped. An order that ended later may be too new for the saga's snapshot, which is taken first.
     */
    boolean isSagaDropped() {
        return saga == null
                && steps.isEmpty()
                && order != null
                && order.hasEnded()
                && window.startedAfter(order.updatedAt());
    }

    /** Whether an operator abandoned the saga. The operator then decides what becomes of the order, so its end is not judged. */
    boolean isAbandoned() {
        return saga != null && saga.state().equals(ABANDONED);
    }

    String sagaState() {
        return saga != null ? "saga " + saga.state() : isSagaDropped() ? "saga no longer kept" : "no saga";
    }

    /** When the order was placed, from its row or from its id; 0 if neither contains it. */
    long placedAt() {
        return order != null ? order.createdAt() : Ids.timestampMillis(orderId);
    }
}
