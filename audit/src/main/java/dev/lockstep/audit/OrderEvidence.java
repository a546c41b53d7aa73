package dev.lockstep.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** All that the stores say about one order. */
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

    /** How many messages of these types the service said. */
    long outboxCount(ServiceRole party, Set<String> types) {
        return outboxCounts.stream()
                .filter(each -> each.role() == party && types.contains(each.type()))
                .mapToLong(Fact.OutboxCount::count)
                .sum();
    }

    boolean hasEnded() {
        return TERMINAL_STATES.stream().anyMatch(this::endedAs);
    }

    /**
     * Whether the saga says that it ended so, or the order where its saga is no longer kept. The databases are read in such an order
     * that everybody else must agree then.
     */
    boolean endedAs(String end) {
        return saga != null
                ? saga.state().equals(end)
                : order != null && order.status().equals(end) && isSagaDropped();
    }

    /**
     * Whether the order has outlived its saga, which is dropped with its history some time after it ended. The order must have ended
     * before the audit began: the saga had a row by then, so one that was dropped is all that its absence can mean. What ended later
     * may be too new for the saga's snapshot, which is the first.
     */
    boolean isSagaDropped() {
        return saga == null
                && steps.isEmpty()
                && order != null
                && order.hasEnded()
                && window.startedAfter(order.updatedAt());
    }

    /** An operator took the saga out of the machine's hands, so what became of the order is the operator's word. */
    boolean isAbandoned() {
        return saga != null && saga.state().equals(ABANDONED);
    }

    String sagaState() {
        return saga != null ? "saga " + saga.state() : isSagaDropped() ? "saga no longer kept" : "no saga";
    }

    /** When the order was placed, as far as its id or its row say so; 0 if neither does. */
    long placedAt() {
        return order != null ? order.createdAt() : Ids.timestampMillis(orderId);
    }
}
