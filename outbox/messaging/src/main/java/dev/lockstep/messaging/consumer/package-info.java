/**
 * The Kafka side of a consumer: its poll loop, offset commits, lag, and start positions.
 *
 * <p>Services use {@code MessageConsumer}. {@code PollLoop} is the thread behind it.
 */
@NullMarked
package dev.lockstep.messaging.consumer;

import org.jspecify.annotations.NullMarked;
