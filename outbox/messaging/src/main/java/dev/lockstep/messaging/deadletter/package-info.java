/** Dead letters: messages that can never succeed, with the failure that explains why, and their replay. */
@NullMarked
package dev.lockstep.messaging.deadletter;

import org.jspecify.annotations.NullMarked;
