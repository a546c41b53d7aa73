@NullMarked
package dev.lockstep.messaging.operator;

import org.jspecify.annotations.NullMarked;
