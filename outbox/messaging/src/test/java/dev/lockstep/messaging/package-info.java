@NullMarked
package dev.lockstep.messaging;

import org.jspecify.annotations.NullMarked;
