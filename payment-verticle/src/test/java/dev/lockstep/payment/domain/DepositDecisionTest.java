package dev.lockstep.payment.domain;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DepositDecisionTest {
    private static final UserId USER = new UserId("u1");
    private static final Account ACCOUNT = new Account(USER, new Money(500, "KRW"));

    @Test
    void a_deposit_is_posted_from_external_funds() {
        Money amount = new Money(250, "KRW");

        DepositDecision deposit = DepositDecision.decide(ACCOUNT, amount);

        assertThat(deposit)
                .isEqualTo(new DepositDecision.Accepted(
                        new Account(USER, new Money(750, "KRW")), Posting.deposit(USER, amount)));
    }

    @Test
    void another_currency_is_rejected() {
        DepositDecision deposit = DepositDecision.decide(ACCOUNT, new Money(250, "USD"));

        assertThat(deposit).isEqualTo(new DepositDecision.CurrencyMismatch("KRW"));
    }

    @Test
    void an_account_can_hold_exactly_the_maximum_balance() {
        DepositDecision deposit = DepositDecision.decide(ACCOUNT, new Money(Account.MAX_BALANCE - 500, "KRW"));

        assertThat(deposit).isInstanceOf(DepositDecision.Accepted.class);
    }

    @Test
    void a_deposit_over_the_maximum_balance_is_rejected() {
        DepositDecision deposit = DepositDecision.decide(ACCOUNT, new Money(Account.MAX_BALANCE - 499, "KRW"));

        assertThat(deposit).isEqualTo(new DepositDecision.BalanceLimitExceeded());
    }
}
