/** Facts about the machine, and the files and tables with the results. */
@NullMarked
package dev.lockstep.bench.report;

import org.jspecify.annotations.NullMarked;
