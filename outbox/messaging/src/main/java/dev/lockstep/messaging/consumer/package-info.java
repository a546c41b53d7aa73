/**
 * The Kafka side of a consumer: its poll loop, offsets, lag, and where reading begins.
 *
 * <p>{@code MessageConsumer} is what services use; {@code PollLoop} is its thread.
 */
@NullMarked
package dev.lockstep.messaging.consumer;

import org.jspecify.annotations.NullMarked;
