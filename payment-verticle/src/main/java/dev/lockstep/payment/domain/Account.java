package dev.lockstep.payment.domain;

/** A user's account. It has one currency. The balance is the sum of the account's ledger entries and never negative. */
public record Account(UserId userId, Money balance) {
    /**
     * The largest balance that every JSON reader represents exactly: 2^53 - 1, the largest safe integer of a double.
     */
    public static final long MAX_BALANCE = 9_007_199_254_740_991L;

    public static Account opened(UserId userId, String currency) {
        return new Account(userId, Money.zero(currency));
    }

    boolean hasCurrency(String currency) {
        return balance.currency().equals(currency);
    }

    boolean covers(Money amount) {
        return balance.amount() >= amount.amount();
    }

    /** The account after the posting. Entries of the posting for other accounts are ignored. */
    public Account apply(Posting posting) {
        Account after = this;
        for (LedgerEntry entry : posting.entries()) {
            if (entry.account().equals(LedgerAccount.of(userId))) {
                after = new Account(userId, after.balance.plus(entry.amount()));
            }
        }
        return after;
    }
}
