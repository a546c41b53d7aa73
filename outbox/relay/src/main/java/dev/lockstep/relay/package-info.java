/** Relays committed outbox rows to Kafka with an embedded Debezium engine. The engine's position is kept in the replication slot only. */
@NullMarked
package dev.lockstep.relay;

import org.jspecify.annotations.NullMarked;
