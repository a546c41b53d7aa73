/** Load generators, and the histograms of their latencies. */
@NullMarked
package dev.lockstep.bench.load;

import org.jspecify.annotations.NullMarked;
