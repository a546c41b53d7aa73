package dev.lockstep.saga.domain;

/**
 * What is left to do until an order is as if it had never been placed.
 *
 * <p>A customer who sees the order cancelled should find stock and money back, so the order is told last. It does not wait
 * for a participant that has just let a deadline pass, though: that one may be down for hours.
 */
public record Compensation(CancelReason reason, Undo stock, Undo payment, Notice notice) {
    /** How far undoing one participant's part has come. */
    public enum Undo {
        /** Asked for, and the order is told only afterwards. */
        AWAITED,
        /** Asked for, but the order does not wait for it. */
        OUTSTANDING,
        DONE
    }

    /** How far telling the order has come. */
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
