@NullMarked
package dev.lockstep.relay;

import org.jspecify.annotations.NullMarked;
