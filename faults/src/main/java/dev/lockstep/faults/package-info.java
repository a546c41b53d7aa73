/** Breaks Lockstep in every way that it promises to survive, while orders pour in, and has the books audited afterwards. */
@NullMarked
package dev.lockstep.faults;

import org.jspecify.annotations.NullMarked;
