/**
 * Processes consumed records up to the commit of their transaction: decoding, inbox, handler, parked messages and their retries.
 *
 * <p>{@code BatchProcessor} handles a batch in one transaction. If that transaction fails, {@code BatchIsolation} finds the messages at
 * fault. They are parked and retried by {@code ParkedMessageRetries}, or become dead letters.
 */
@NullMarked
package dev.lockstep.messaging.delivery;

import org.jspecify.annotations.NullMarked;
