/** Tasks that run periodically, and the waits between attempts. */
@NullMarked
package dev.lockstep.messaging.schedule;

import org.jspecify.annotations.NullMarked;
