@NullMarked
package dev.lockstep.testing;

import org.jspecify.annotations.NullMarked;
