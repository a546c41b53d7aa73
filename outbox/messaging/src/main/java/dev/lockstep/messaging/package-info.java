/**
 * Transactional outbox, idempotent ordered consumers, parking and dead letters on Postgres and Kafka. It knows nothing of
 * what the messages mean.
 */
@NullMarked
package dev.lockstep.messaging;

import org.jspecify.annotations.NullMarked;
