package dev.lockstep.payment;

/** How a payment stands, in one word: what the table keeps and the API says. */
enum PaymentStatus {
    CHARGED,
    DECLINED,
    REFUNDED
}
