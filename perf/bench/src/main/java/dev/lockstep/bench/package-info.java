/**
 * The benchmark suite: measures parts of the system and the whole of it, beside the limit of the machine and beside alternatives, in
 * interleaved rounds.
 */
@NullMarked
package dev.lockstep.bench;

import org.jspecify.annotations.NullMarked;
