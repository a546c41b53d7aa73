/** Operators: their identity, the record of their actions, and the background jobs that they start. */
@NullMarked
package dev.lockstep.messaging.operator;

import org.jspecify.annotations.NullMarked;
