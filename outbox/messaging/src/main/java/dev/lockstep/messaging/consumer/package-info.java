/**
 * The Kafka side of a consumer: polling, offset commits, lag, start positions, crash loops and lost ranges. Services use
 * {@code MessageConsumer}.
 *
 * <p>The path of a polled record: {@code ConsumerThread} runs a {@code PollLoop}. {@code RecordDelivery} passes the polled records to
 * {@code delivery.BatchProcessor} on the event loop and waits for the outcome, one record at a time if {@code CrashLoopDetector} suspects
 * that one of them crashes the process. {@code OffsetCommits} then commits the offsets of the records whose outcome is durable. If the
 * batch fails, its remaining records are delivered again after a pause.
 *
 * <p>{@code PartitionPositions} and {@code StartPositionResolver} decide where reading starts, and detect records that were removed unread.
 */
@NullMarked
package dev.lockstep.messaging.consumer;

import org.jspecify.annotations.NullMarked;
