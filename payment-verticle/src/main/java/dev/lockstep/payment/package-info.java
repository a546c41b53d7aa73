/**
 * The payment service: accounts, a double-entry ledger, charges and refunds.
 *
 * <p>{@code PaymentProcessor} applies the saga's commands, and {@code PaymentDecider} decides each of them. {@code DepositProcessor} makes
 * the deposits that arrive over HTTP. {@code PaymentVerticle} connects the classes.
 */
@NullMarked
package dev.lockstep.payment;

import org.jspecify.annotations.NullMarked;
