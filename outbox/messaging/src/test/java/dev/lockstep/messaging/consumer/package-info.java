@NullMarked
package dev.lockstep.messaging.consumer;

import org.jspecify.annotations.NullMarked;
