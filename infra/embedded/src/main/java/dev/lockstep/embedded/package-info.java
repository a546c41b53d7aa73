/** A real Postgres and a real Kafka started by this JVM, for the tests and for the local stack. Not for production. */
@NullMarked
package dev.lockstep.embedded;

import org.jspecify.annotations.NullMarked;
