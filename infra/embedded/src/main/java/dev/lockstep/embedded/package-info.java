/** Postgres and Kafka servers that this JVM starts, for tests and for the local stack. Not for production. */
@NullMarked
package dev.lockstep.embedded;

import org.jspecify.annotations.NullMarked;
