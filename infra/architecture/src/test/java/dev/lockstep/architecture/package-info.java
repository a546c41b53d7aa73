@NullMarked
package dev.lockstep.architecture;

import org.jspecify.annotations.NullMarked;
