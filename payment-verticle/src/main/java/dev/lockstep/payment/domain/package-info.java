/** What a payment is and what a command does to it: decisions only, no I/O and no clock. */
@NullMarked
package dev.lockstep.payment.domain;

import org.jspecify.annotations.NullMarked;
