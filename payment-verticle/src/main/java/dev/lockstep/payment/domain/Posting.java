package dev.lockstep.payment.domain;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Money that moves from one account to another. There is no other way to write to the ledger, so it sums to zero.
 *
 * @param orderId what it moved for, or null for a deposit
 * @param amount never negative: a posting back has its own kind
 */
public record Posting(Kind kind, @Nullable OrderId orderId, LedgerAccount from, LedgerAccount to, Money amount) {
    /** Why money moved. */
    public enum Kind {
        DEPOSIT,
        CHARGE,
        REFUND
    }

    public Posting {
        if (amount.amount() < 0) {
            throw new IllegalArgumentException("A posting moves money forwards, but the amount was " + amount.amount());
        }
    }

    static Posting deposit(UserId userId, Money amount) {
        return new Posting(Kind.DEPOSIT, null, LedgerAccount.EXTERNAL_FUNDS, LedgerAccount.of(userId), amount);
    }

    static Posting charge(OrderId orderId, UserId userId, Money amount) {
        return new Posting(Kind.CHARGE, orderId, LedgerAccount.of(userId), LedgerAccount.REVENUE, amount);
    }

    static Posting refund(OrderId orderId, UserId userId, Money amount) {
        return new Posting(Kind.REFUND, orderId, LedgerAccount.REVENUE, LedgerAccount.of(userId), amount);
    }

    /** The two entries, which sum to zero. */
    public List<LedgerEntry> entries() {
        return List.of(new LedgerEntry(from, amount.negated()), new LedgerEntry(to, amount));
    }
}
