/** The interface between the library and a tracing library. Without an implementation, nothing is recorded. */
@NullMarked
package dev.lockstep.messaging.tracing;

import org.jspecify.annotations.NullMarked;
