package dev.lockstep.contracts;

/** An event published by the payment service. */
public sealed interface PaymentEvent extends Message permits PaymentCharged, PaymentDeclined, PaymentRefunded {}
