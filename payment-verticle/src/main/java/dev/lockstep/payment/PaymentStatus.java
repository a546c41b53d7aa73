package dev.lockstep.payment;

/** Status of a payment, as stored in the table and returned over HTTP. */
enum PaymentStatus {
    CHARGED,
    DECLINED,
    REFUNDED
}
