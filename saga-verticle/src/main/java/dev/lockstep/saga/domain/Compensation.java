package dev.lockstep.saga.domain;

/**
 * The remaining steps until all effects of an order are undone.
 *
 * <p>A customer who sees the order cancelled should have stock and money back, so the order service is notified last. The notice does not
 * wait for a participant that has just missed its deadline, though, because that participant may be down for hours.
 */
public record Compensation(CancelReason reason, Undo stock, Undo payment, Notice notice) {
    /** Progress of undoing one participant's step. */
    public enum Undo {
        /** Requested; the order service is notified only after it is done. */
        AWAITED,
        /** Requested; the order service is notified without waiting for it. */
        OUTSTANDING,
        DONE
    }

    /** Progress of notifying the order service. */
    public enum Notice {
        HELD_BACK,
        SENT,
        ACKNOWLEDGED
    }

    Compensation stockReleased() {
        return new Compensation(reason, Undo.DONE, payment, notice);
    }

    Compensation paymentRefunded() {
        return new Compensation(reason, stock, Undo.DONE, notice);
    }

    Compensation noticeSent() {
        return notice == Notice.HELD_BACK ? new Compensation(reason, stock, payment, Notice.SENT) : this;
    }

    Compensation orderCancelled() {
        return new Compensation(reason, stock, payment, Notice.ACKNOWLEDGED);
    }

    boolean awaitsUndo() {
        return stock == Undo.AWAITED || payment == Undo.AWAITED;
    }

    boolean allUndone() {
        return stock == Undo.DONE && payment == Undo.DONE;
    }

    boolean complete() {
        return allUndone() && notice == Notice.ACKNOWLEDGED;
    }
}
