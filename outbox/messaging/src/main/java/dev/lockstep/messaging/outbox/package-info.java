/**
 * The transactional outbox: appending messages in the sender's transaction, listing them, and maintaining the table's daily partitions.
 *
 * <p>{@code Outbox} inserts the rows, and the caller commits them. The relay reads committed rows from the WAL and sends them to Kafka. It
 * never updates them: {@code OutboxQueries} derives whether a row is relayed from {@code outbox_watermark} and {@code outbox_held}. Dead
 * letters ({@code deadletter.DeadLetterStore}), replays to a topic ({@code deadletter.ReplayDestination}) and resends
 * ({@code resend.ResendStore}) insert their rows in statements of their own, because they keep the headers or the id of the original.
 */
@NullMarked
package dev.lockstep.messaging.outbox;

import org.jspecify.annotations.NullMarked;
