/** Who acts through the operator endpoints, what they did, and the background jobs that they start. */
@NullMarked
package dev.lockstep.messaging.operator;

import org.jspecify.annotations.NullMarked;
