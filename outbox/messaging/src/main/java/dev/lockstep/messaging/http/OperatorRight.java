package dev.lockstep.messaging.http;

/** The right that a route of the library requires. */
public enum OperatorRight {
    /** See messages and the state of their delivery. */
    READ,
    /** Resend, replay and discard messages. */
    WRITE
}
