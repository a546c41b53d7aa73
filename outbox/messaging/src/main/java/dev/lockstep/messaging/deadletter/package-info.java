/**
 * Dead letters: messages that can never succeed, with the failure that explains why, and their replay.
 *
 * <p>{@code DeadLetterStore} stores them and sends them to {@code <topic>.dlq}. {@code ReplayJobs} replays them, to the destinations in
 * {@code ReplayDestination}.
 */
@NullMarked
package dev.lockstep.messaging.deadletter;

import org.jspecify.annotations.NullMarked;
