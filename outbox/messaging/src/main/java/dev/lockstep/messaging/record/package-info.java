/** The parts of a Kafka record: message ids, headers, trace context, and keys and values as text or JSON. */
@NullMarked
package dev.lockstep.messaging.record;

import org.jspecify.annotations.NullMarked;
