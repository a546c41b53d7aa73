package dev.lockstep.faults.agent;

import java.util.List;
import java.util.Locale;

/**
 * Where a service can be made to crash: between each two steps of what it does with a message.
 *
 * <pre>
 * record ─▶ claim ─▶ state ─▶ outbox ─▶ commit ─▶ offset commit
 *                                         ╰─▶ capture ─▶ send ─▶ acknowledgement ─▶ confirmation
 * </pre>
 */
public enum CrashPoint {
    /** The inbox has the claim, the handler has not begun. */
    CLAIMED(Timing.ON_SUCCESS, "claim", "dev.lockstep.messaging.delivery.Inbox"),
    /** The state is written, its messages perhaps not. */
    STATE_WRITTEN(
            Timing.ON_SUCCESS,
            "save|insert",
            "dev.lockstep.order.OrderStore",
            "dev.lockstep.inventory.ReservationStore",
            "dev.lockstep.payment.PaymentStore",
            "dev.lockstep.saga.SagaStore"),
    /** State and messages are written and not committed. */
    OUTBOX_WRITTEN(Timing.ON_SUCCESS, "append", "dev.lockstep.messaging.outbox.Outbox"),
    /** The transaction is committed, the offset is not. */
    COMMITTED(Timing.ON_SUCCESS, "inOneTransaction", "dev.lockstep.messaging.delivery.BatchProcessor"),
    /** About to commit the offsets of what was applied. */
    BEFORE_OFFSETS(Timing.BEFORE, "commitAsync", "dev.lockstep.messaging.consumer.OffsetCommits"),
    /** The offsets are on their way. */
    AFTER_OFFSETS(Timing.AFTER, "commitAsync", "dev.lockstep.messaging.consumer.OffsetCommits"),
    /** The relay has rows from the slot and has sent none of them. */
    CAPTURED(Timing.BEFORE, "publish", "dev.lockstep.relay.OutboxPublisher"),
    /** The rows are sent and Kafka has not acknowledged them. */
    SENT(Timing.BEFORE, "awaitAck", "dev.lockstep.relay.KafkaSender"),
    /** Kafka has acknowledged, the slot does not know. */
    ACKNOWLEDGED(Timing.AFTER, "awaitAck", "dev.lockstep.relay.KafkaSender"),
    /** The batch is confirmed to the engine, and perhaps not yet to the slot. */
    CONFIRMED(Timing.AFTER, "publish", "dev.lockstep.relay.OutboxPublisher"),
    /** An order is committed and its client has no answer. */
    ORDER_COMMITTED(Timing.BEFORE, "answer", "dev.lockstep.order.OrderGroupCommit");

    /** When of a method. */
    public enum Timing {
        /** Before its first statement. */
        BEFORE,
        /** When it has returned. */
        AFTER,
        /** When the future that it returned has completed well. */
        ON_SUCCESS
    }

    private final Timing timing;
    private final String methodPattern;
    private final String classes;

    CrashPoint(Timing timing, String methodPattern, String... classes) {
        this.timing = timing;
        this.methodPattern = methodPattern;
        this.classes = String.join(",", classes);
    }

    public Timing timing() {
        return timing;
    }

    /** A pattern of names. */
    public String methodPattern() {
        return methodPattern;
    }

    public List<String> classes() {
        return List.of(classes.split(",", -1));
    }

    /** As in {@code state-written}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
