@NullMarked
package dev.lockstep.messaging.outbox;

import org.jspecify.annotations.NullMarked;
