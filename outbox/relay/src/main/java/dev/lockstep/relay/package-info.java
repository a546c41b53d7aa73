/** Carries committed outbox rows to Kafka: an embedded Debezium engine, whose only memory is the replication slot. */
@NullMarked
package dev.lockstep.relay;

import org.jspecify.annotations.NullMarked;
