package dev.lockstep.contracts;

/** A command to the payment service. */
public sealed interface PaymentCommand extends Message permits ChargePayment, RefundPayment {}
