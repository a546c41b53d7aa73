@NullMarked
package dev.lockstep.messaging.transaction;

import org.jspecify.annotations.NullMarked;
