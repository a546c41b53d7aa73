package dev.lockstep.faults.inside;

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
    CLAIMED(Moment.DONE, "claim", "dev.lockstep.messaging.delivery.Inbox"),
    /** The state is written, its messages perhaps not. */
    STATE_WRITTEN(
            Moment.DONE,
            "save|insert",
            "dev.lockstep.order.OrderStore",
            "dev.lockstep.inventory.ReservationStore",
            "dev.lockstep.payment.PaymentStore",
            "dev.lockstep.saga.SagaStore"),
    /** State and messages are written and not committed. */
    OUTBOX_WRITTEN(Moment.DONE, "append", "dev.lockstep.messaging.outbox.Outbox"),
    /** The transaction is committed, the offset is not. */
    COMMITTED(Moment.DONE, "inOneTransaction", "dev.lockstep.messaging.delivery.BatchProcessor"),
    /** About to commit the offsets of what was applied. */
    BEFORE_OFFSETS(Moment.BEFORE, "commitSoon", "dev.lockstep.messaging.consumer.OffsetCommits"),
    /** The offsets are on their way. */
    AFTER_OFFSETS(Moment.AFTER, "commitSoon", "dev.lockstep.messaging.consumer.OffsetCommits"),
    /** The relay has rows from the slot and has sent none of them. */
    CAPTURED(Moment.BEFORE, "publish", "dev.lockstep.relay.OutboxPublisher"),
    /** The rows are sent and Kafka has not acknowledged them. */
    SENT(Moment.BEFORE, "awaitAck", "dev.lockstep.relay.KafkaSender"),
    /** Kafka has acknowledged, the slot does not know. */
    ACKNOWLEDGED(Moment.AFTER, "awaitAck", "dev.lockstep.relay.KafkaSender"),
    /** The batch is confirmed to the engine, and perhaps not yet to the slot. */
    CONFIRMED(Moment.AFTER, "publish", "dev.lockstep.relay.OutboxPublisher"),
    /** An order is committed and its client has no answer. */
    ORDER_COMMITTED(Moment.BEFORE, "answer", "dev.lockstep.order.OrderIntake");

    /** When of a method. */
    public enum Moment {
        /** Before its first statement. */
        BEFORE,
        /** When it has returned. */
        AFTER,
        /** When the future that it returned has completed well. */
        DONE
    }

    private final Moment moment;
    private final String methods;
    private final String classes;

    CrashPoint(Moment moment, String methods, String... classes) {
        this.moment = moment;
        this.methods = methods;
        this.classes = String.join(",", classes);
    }

    public Moment moment() {
        return moment;
    }

    /** A pattern of names. */
    public String methods() {
        return methods;
    }

    public List<String> classes() {
        return List.of(classes.split(",", -1));
    }

    /** As in {@code state-written}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
