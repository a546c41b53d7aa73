package dev.lockstep.payment.domain;

/**
 * An amount of money in one currency. Arithmetic throws an exception if currencies differ or the result overflows.
 *
 * @param amount in the currency's minor units
 * @param currency an ISO 4217 code
 */
public record Money(long amount, String currency) {
    public static Money zero(String currency) {
        return new Money(0, currency);
    }

    public Money plus(Money other) {
        if (!currency.equals(other.currency)) {
            throw new IllegalArgumentException("Cannot add " + other.currency + " to " + currency);
        }
        return new Money(Math.addExact(amount, other.amount), currency);
    }

    public Money negated() {
        return new Money(Math.negateExact(amount), currency);
    }
}
