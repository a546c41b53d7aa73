package dev.lockstep.contracts;

/** What the payment service is told to do. */
public sealed interface PaymentCommand extends Message permits ChargePayment, RefundPayment {}
