/** Resends of outbox rows, requested by an operator or by a consumer that lost a range of a topic. */
@NullMarked
package dev.lockstep.messaging.resend;

import org.jspecify.annotations.NullMarked;
