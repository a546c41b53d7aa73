@NullMarked
package dev.lockstep.runtime.tracing;

import org.jspecify.annotations.NullMarked;
