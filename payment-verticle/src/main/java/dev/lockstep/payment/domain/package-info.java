/** Decides the effect of commands on payments and accounts. No clock and no I/O. */
@NullMarked
package dev.lockstep.payment.domain;

import org.jspecify.annotations.NullMarked;
