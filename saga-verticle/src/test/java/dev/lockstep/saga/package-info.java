@NullMarked
package dev.lockstep.saga;

import org.jspecify.annotations.NullMarked;
