package dev.lockstep.payment.domain;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DepositTest {
    private static final UserId USER = new UserId("u1");
    private static final Account ACCOUNT = new Account(USER, new Money(500, "KRW"));

    @Test
    void what_is_paid_in_comes_from_outside() {
        // Given
        Money amount = new Money(250, "KRW");

        // When
        Deposit deposit = Deposit.decide(ACCOUNT, amount);

        // Then
        assertThat(deposit)
                .isEqualTo(
                        new Deposit.Accepted(new Account(USER, new Money(750, "KRW")), Posting.deposit(USER, amount)));
    }

    @Test
    void another_currency_is_refused() {
        // When
        Deposit deposit = Deposit.decide(ACCOUNT, new Money(250, "USD"));

        // Then
        assertThat(deposit).isEqualTo(new Deposit.OtherCurrency("KRW"));
    }

    @Test
    void an_account_can_be_filled_to_the_brim() {
        // When
        Deposit deposit = Deposit.decide(ACCOUNT, new Money(Account.MAX_BALANCE - 500, "KRW"));

        // Then
        assertThat(deposit).isInstanceOf(Deposit.Accepted.class);
    }

    @Test
    void more_than_an_account_can_hold_is_refused() {
        // When
        Deposit deposit = Deposit.decide(ACCOUNT, new Money(Account.MAX_BALANCE - 499, "KRW"));

        // Then
        assertThat(deposit).isEqualTo(new Deposit.TooMuch());
    }
}
