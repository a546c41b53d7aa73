/**
 * From a consumed record to its commit: decoding, the inbox, the handler, parked messages and their retries.
 *
 * <p>{@code BatchProcessor} handles a batch in one transaction. What fails is isolated by {@code BatchIsolation} and either parked, retried
 * by {@code ParkedMessageRetries}, or a dead letter.
 */
@NullMarked
package dev.lockstep.messaging.delivery;

import org.jspecify.annotations.NullMarked;
