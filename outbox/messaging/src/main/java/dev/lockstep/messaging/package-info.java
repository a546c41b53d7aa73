/**
 * Transactional outbox, idempotent ordered consumers, parked messages and dead letters on Postgres and Kafka. The library does not
 * interpret the messages that it carries.
 */
@NullMarked
package dev.lockstep.messaging;

import org.jspecify.annotations.NullMarked;
