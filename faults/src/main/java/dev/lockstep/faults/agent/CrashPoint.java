package dev.lockstep.faults.agent;

import java.util.List;
import java.util.Locale;

/**
 * The points at which a service can be made to crash, one between each two steps of its message processing.
 *
 * <pre>
 * record ─▶ claim ─▶ state ─▶ outbox ─▶ commit ─▶ offset commit
 *                                         ╰─▶ capture ─▶ send ─▶ acknowledgement ─▶ confirmation
 * </pre>
 */
public enum CrashPoint {
    /** The inbox has claimed the message, and the handler has not begun. */
    CLAIMED(Timing.ON_SUCCESS, "claim", "dev.lockstep.messaging.delivery.Inbox"),
    /** The state is written, its messages possibly not. */
    STATE_WRITTEN(
            Timing.ON_SUCCESS,
            "save|insert",
            "dev.lockstep.order.OrderStore",
            "dev.lockstep.inventory.ReservationStore",
            "dev.lockstep.payment.PaymentStore",
            "dev.lockstep.saga.SagaStore"),
    /** State and messages are written but not committed. */
    OUTBOX_WRITTEN(Timing.ON_SUCCESS, "append", "dev.lockstep.messaging.outbox.Outbox"),
    /** The transaction is committed, the offset is not. */
    COMMITTED(Timing.ON_SUCCESS, "inOneTransaction", "dev.lockstep.messaging.delivery.BatchProcessor"),
    /** The offsets of the applied records are about to be committed. */
    BEFORE_OFFSETS(Timing.BEFORE, "commitAsync", "dev.lockstep.messaging.consumer.OffsetCommits"),
    /** The offset commit was sent. */
    AFTER_OFFSETS(Timing.AFTER, "commitAsync", "dev.lockstep.messaging.consumer.OffsetCommits"),
    /** The relay has received rows from the slot and has sent none of them. */
    CAPTURED(Timing.BEFORE, "publish", "dev.lockstep.relay.OutboxPublisher"),
    /** The rows are sent and Kafka has not acknowledged them. */
    SENT(Timing.BEFORE, "awaitAck", "dev.lockstep.relay.KafkaSender"),
    /** Kafka has acknowledged the rows, but the slot does not know it. */
    ACKNOWLEDGED(Timing.AFTER, "awaitAck", "dev.lockstep.relay.KafkaSender"),
    /** The batch is confirmed to the engine, but possibly not yet to the slot. */
    CONFIRMED(Timing.AFTER, "publish", "dev.lockstep.relay.OutboxPublisher"),
    /** An order is committed and its client has no answer. */
    ORDER_COMMITTED(Timing.BEFORE, "answer", "dev.lockstep.order.OrderGroupCommit");

    /** When during a method. */
    public enum Timing {
        /** Before its first statement. */
        BEFORE,
        /** When it has returned. */
        AFTER,
        /** When the future that it returned has succeeded. */
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

    /** A regular expression for method names. */
    public String methodPattern() {
        return methodPattern;
    }

    public List<String> classes() {
        return List.of(classes.split(",", -1));
    }

    /** The label, such as {@code state-written}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
