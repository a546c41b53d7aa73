/**
 * Transactions with time limits: they set {@code lock_timeout} and {@code statement_timeout}, and a transaction that exceeds its limit has
 * its connection closed.
 */
@NullMarked
package dev.lockstep.messaging.transaction;

import org.jspecify.annotations.NullMarked;
