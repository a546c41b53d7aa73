package dev.lockstep.contracts;

/**
 * An amount of money.
 *
 * @param amount in the currency's minor units: 2000 KRW is ₩2,000 and 2000 USD is $20.00
 * @param currency an ISO 4217 code of three upper-case letters
 */
public record Money(long amount, String currency) {
    public Money {
        if (!Required.text(currency, "currency").matches("[A-Z]{3}")) {
            throw new IllegalArgumentException("currency must be an ISO 4217 code such as KRW, but was " + currency);
        }
    }
}
