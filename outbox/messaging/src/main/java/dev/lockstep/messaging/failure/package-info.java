/** How a failure is judged: whether it passes by itself, will never pass, or is unknown, and the exceptions with which a handler says so. */
@NullMarked
package dev.lockstep.messaging.failure;

import org.jspecify.annotations.NullMarked;
