@NullMarked
package dev.lockstep.messaging.failure;

import org.jspecify.annotations.NullMarked;
