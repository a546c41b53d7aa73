/**
 * Handles consumed records up to the commit of their transaction. {@code BatchProcessor} claims a batch in the {@code Inbox}, calls the
 * service's {@code MessageHandler} and commits, all in one transaction.
 *
 * <p>Where a record goes that cannot be handled:
 *
 * <ul>
 *   <li>{@code MessageCodec} cannot decode it: {@code BatchProcessor} makes it a dead letter in the transaction of its batch.
 *   <li>Its batch fails: {@code failure.FailureClassifier} classifies the failure. {@code BatchIsolation} finds the messages at fault, and
 *       {@code FailedMessages} parks them or makes them dead letters. If the database is unavailable, the batch fails and is delivered
 *       again.
 *   <li>An earlier message of its key is parked, or the message before it is missing: {@code BatchProcessor} parks it.
 *   <li>It is parked: {@code ParkedMessageRetries} retries it when it is due, and makes it a dead letter after its last attempt.
 *   <li>It crashes the process: {@code BatchProcessor} makes it a dead letter after its last start, {@code ParkedMessageRetries} if it is
 *       parked.
 * </ul>
 *
 * <p>{@code DeliveryFailures} writes parked messages and dead letters in all these cases.
 *
 * <p>The package has more types than the others because nearly all of them are internal to this one path; splitting it would make them
 * public.
 */
@NullMarked
package dev.lockstep.messaging.delivery;

import org.jspecify.annotations.NullMarked;
