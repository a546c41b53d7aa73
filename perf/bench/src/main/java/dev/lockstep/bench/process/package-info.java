/** Processes of a scenario, their CPU time and memory, and the tools of Postgres. */
@NullMarked
package dev.lockstep.bench.process;

import org.jspecify.annotations.NullMarked;
