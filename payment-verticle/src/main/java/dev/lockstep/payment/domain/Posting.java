package dev.lockstep.payment.domain;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A transfer of money from one ledger account to another. All ledger entries come from postings, so the ledger always sums to zero.
 *
 * @param orderId the order that the money is moved for, or null for a deposit
 * @param amount never negative; a transfer in the opposite direction has its own kind
 */
public record Posting(Kind kind, @Nullable OrderId orderId, LedgerAccount from, LedgerAccount to, Money amount) {
    /** Reason of the transfer. */
    public enum Kind {
        DEPOSIT,
        CHARGE,
        REFUND
    }

    public Posting {
        if (amount.amount() < 0) {
            throw new IllegalArgumentException(
                    "The amount of a posting must not be negative, but was " + amount.amount());
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

    /** The two entries of the posting, which sum to zero. */
    public List<LedgerEntry> entries() {
        return List.of(new LedgerEntry(from, amount.negated()), new LedgerEntry(to, amount));
    }
}
