/**
 * Transactional outbox, idempotent ordered consumers, parked messages and dead letters on Postgres and Kafka. The library does not
 * interpret the messages that it carries.
 *
 * <p>A service creates the tables with {@code MessagingSchema}, starts the background work with {@code Messaging}, appends messages with
 * {@code outbox.Outbox}, and consumes them with {@code consumer.MessageConsumer}.
 */
@NullMarked
package dev.lockstep.messaging;

import org.jspecify.annotations.NullMarked;
