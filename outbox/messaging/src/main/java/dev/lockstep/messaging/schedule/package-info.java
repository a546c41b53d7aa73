/** Tasks that run periodically. */
@NullMarked
package dev.lockstep.messaging.schedule;

import org.jspecify.annotations.NullMarked;
