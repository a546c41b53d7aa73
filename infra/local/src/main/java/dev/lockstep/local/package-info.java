/** The whole system in one JVM, with its own Postgres and Kafka. Started by {@code ./up}. Not for production. */
@NullMarked
package dev.lockstep.local;

import org.jspecify.annotations.NullMarked;
