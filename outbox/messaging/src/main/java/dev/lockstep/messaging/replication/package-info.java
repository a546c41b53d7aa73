/** The replication slot: how much WAL it retains, and when new work is refused because of that. */
@NullMarked
package dev.lockstep.messaging.replication;

import org.jspecify.annotations.NullMarked;
