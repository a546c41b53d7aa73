package dev.lockstep.payment.domain;

/** What becomes of money that a user pays in. */
public sealed interface Deposit {
    record Accepted(Account account, Posting posting) implements Deposit {}

    /** The account keeps another currency. */
    record OtherCurrency(String currency) implements Deposit {}

    /** The balance would pass {@link Account#MAX_BALANCE}. */
    record TooMuch() implements Deposit {}

    /** Decides whether the account takes the amount, which must be positive. */
    static Deposit decide(Account account, Money amount) {
        if (!account.isKeptIn(amount.currency())) {
            return new OtherCurrency(account.balance().currency());
        }
        if (amount.amount() > Account.MAX_BALANCE - account.balance().amount()) {
            return new TooMuch();
        }
        Posting posting = Posting.deposit(account.userId(), amount);
        return new Accepted(account.after(posting), posting);
    }
}
