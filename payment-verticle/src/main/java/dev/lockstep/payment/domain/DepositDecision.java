package dev.lockstep.payment.domain;

/** Decision about a deposit. */
public sealed interface DepositDecision {
    record Accepted(Account account, Posting posting) implements DepositDecision {}

    /** The account has a different currency. */
    record CurrencyMismatch(String currency) implements DepositDecision {}

    /** The balance would exceed {@link Account#MAX_BALANCE}. */
    record BalanceLimitExceeded() implements DepositDecision {}

    /** Decides whether the account accepts the amount, which must be positive. */
    static DepositDecision decide(Account account, Money amount) {
        if (!account.hasCurrency(amount.currency())) {
            return new CurrencyMismatch(account.balance().currency());
        }
        if (amount.amount() > Account.MAX_BALANCE - account.balance().amount()) {
            return new BalanceLimitExceeded();
        }
        Posting posting = Posting.deposit(account.userId(), amount);
        return new Accepted(account.apply(posting), posting);
    }
}
