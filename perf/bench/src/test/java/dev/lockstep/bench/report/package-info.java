@NullMarked
package dev.lockstep.bench.report;

import org.jspecify.annotations.NullMarked;
