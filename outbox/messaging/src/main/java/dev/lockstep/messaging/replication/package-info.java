/** The replication slot: how much WAL it retains, and when new work is refused because of it. */
@NullMarked
package dev.lockstep.messaging.replication;

import org.jspecify.annotations.NullMarked;
