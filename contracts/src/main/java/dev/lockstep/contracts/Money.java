package dev.lockstep.contracts;

/**
 * An amount of money: a price, a total or a charge. Never negative.
 *
 * @param amount in the currency's minor units: 2000 KRW is ₩2,000 and 2000 USD is $20.00; at most 2^53 - 1
 * @param currency an ISO 4217 code of three upper-case letters
 */
public record Money(long amount, String currency) {
    public Money {
        FieldConstraints.check("amount", FieldConstraints.amountProblem(amount));
        FieldConstraints.check("currency", FieldConstraints.currencyProblem(currency));
    }
}
