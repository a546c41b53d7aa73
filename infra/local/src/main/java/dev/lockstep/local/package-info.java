/** The whole system in one JVM, on a Postgres and a Kafka of its own: what {@code ./up} starts. Not for production. */
@NullMarked
package dev.lockstep.local;

import org.jspecify.annotations.NullMarked;
