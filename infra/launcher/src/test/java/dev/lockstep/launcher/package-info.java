@NullMarked
package dev.lockstep.launcher;

import org.jspecify.annotations.NullMarked;
