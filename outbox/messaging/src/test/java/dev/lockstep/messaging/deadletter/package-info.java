@NullMarked
package dev.lockstep.messaging.deadletter;

import org.jspecify.annotations.NullMarked;
