package dev.lockstep.payment;

import dev.lockstep.payment.domain.Account;
import dev.lockstep.payment.domain.Money;

/** JSON representation of an account in HTTP responses. */
record AccountView(String userId, Money balance) {
    static AccountView of(Account account) {
        return new AccountView(account.userId().value(), account.balance());
    }
}
