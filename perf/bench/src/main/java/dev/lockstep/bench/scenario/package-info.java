/** The scenarios. */
@NullMarked
package dev.lockstep.bench.scenario;

import org.jspecify.annotations.NullMarked;
