/**
 * Tests of the library as a whole, on a real Postgres and Kafka. These are many classes for one package, but all of them use the package's
 * {@code Fixture}. Tests of a single class are in the package of that class.
 */
@NullMarked
package dev.lockstep.messaging;

import org.jspecify.annotations.NullMarked;
