@NullMarked
package dev.lockstep.messaging.record;

import org.jspecify.annotations.NullMarked;
