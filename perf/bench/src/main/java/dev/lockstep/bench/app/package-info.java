/** Programs that a scenario runs in processes of their own. */
@NullMarked
package dev.lockstep.bench.app;

import org.jspecify.annotations.NullMarked;
