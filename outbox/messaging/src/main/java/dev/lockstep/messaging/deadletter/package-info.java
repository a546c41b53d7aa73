/** Dead letters: messages that can never succeed, with the failure that says why, and their replay. */
@NullMarked
package dev.lockstep.messaging.deadletter;

import org.jspecify.annotations.NullMarked;
