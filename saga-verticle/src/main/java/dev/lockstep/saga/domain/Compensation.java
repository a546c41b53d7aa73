package dev.lockstep.saga.domain;

/**
 * The remaining steps until all effects of an order are undone.
 *
 * <p>A customer who sees the order cancelled should have stock and money back. CancelOrder, the notice to the order service, is therefore
 * sent last. It does not wait for a participant that has just missed its deadline, though, because that participant may be down for hours.
 *
 * @param stock progress of ReleaseStock
 * @param payment progress of RefundPayment
 * @param notice progress of CancelOrder
 */
public record Compensation(CancelReason reason, Undo stock, Undo payment, Notice notice) {
    /** Progress of undoing one participant's step. */
    public enum Undo {
        /** Requested; CancelOrder waits until it is done. */
        AWAITED,
        /** Requested; CancelOrder does not wait for it. */
        OUTSTANDING,
        DONE
    }

    /** Progress of notifying the order service. */
    public enum Notice {
        /** CancelOrder waits for an {@link Undo#AWAITED} step. */
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
