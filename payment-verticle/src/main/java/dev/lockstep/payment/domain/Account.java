package dev.lockstep.payment.domain;

/** A user's account: one currency, and a balance that is the sum of its ledger entries and never negative. */
public record Account(UserId userId, Money balance) {
    /** A balance that any reader of JSON can hold: the largest whole number that a double counts to. */
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

    /** The account after the posting. Sides of the posting that are not this account's leave it as it is. */
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
