/**
 * Relays committed outbox rows to Kafka with an embedded Debezium engine. The engine's position is kept in the replication slot only.
 *
 * <p>The path of a row: {@code RelayEngine} reads it from the slot, and {@code OutboxPublisher} receives its batch. {@code RowSender} and
 * {@code OrderedSender} send it in the order of its key, and {@code KafkaSender} waits for Kafka's acknowledgement. Then the publisher
 * confirms the batch, which advances the slot.
 *
 * <p>Which class decides what:
 *
 * <ul>
 *   <li>whether this relay leads, waits or recovers: {@code NextStep}, from what {@code Supervisor} has read;
 *   <li>when a {@code LeaderSession} ends: {@code StallDetector} if the engine delivers nothing, {@code Watchdog} if Kafka answers another
 *       relay only or the clock was set back, and the session itself if the publication was altered or the slot was lost during the start;
 *   <li>which records wait behind one that Kafka refused: {@code Refusal} says whether its key, its topic or everything is affected. {@code
 *       HeldRows} keeps the rows that wait, and {@code HeldRowRetrier} sends them later;
 *   <li>how a missing or lost slot is replaced: {@code SlotProvisioner}. {@code Recovery} sends the rows that precede the new slot;
 *   <li>when the watermark moves: {@code Reconciler}, after {@code HeartbeatTask} has received a heartbeat that Kafka acknowledged;
 *   <li>what readiness reports: {@code RelayHealth}.
 * </ul>
 *
 * <p>It is one package because its parts depend on each other both ways: publishing and the watermark, and the slot and leadership. Only
 * {@code OutboxRelay} and {@code RelayConfig} are for use from outside.
 */
@NullMarked
package dev.lockstep.relay;

import org.jspecify.annotations.NullMarked;
