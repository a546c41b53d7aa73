package dev.lockstep.contracts;

/** What the payment service decided. */
public sealed interface PaymentEvent extends Message permits PaymentCharged, PaymentDeclined, PaymentRefunded {}
