@NullMarked
package dev.lockstep.bench.process;

import org.jspecify.annotations.NullMarked;
