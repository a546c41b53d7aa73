@NullMarked
package dev.lockstep.messaging.delivery;

import org.jspecify.annotations.NullMarked;
