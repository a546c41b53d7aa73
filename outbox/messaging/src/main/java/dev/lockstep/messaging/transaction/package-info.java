/** Transactions with time limits: the lock_timeout and statement_timeout of a transaction, and the end of its connection when it exceeds them. */
@NullMarked
package dev.lockstep.messaging.transaction;

import org.jspecify.annotations.NullMarked;
