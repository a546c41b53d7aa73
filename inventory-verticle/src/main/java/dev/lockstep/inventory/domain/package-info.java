/** Decides which stock is held for which order, and at what price. No clock and no I/O. */
@NullMarked
package dev.lockstep.inventory.domain;

import org.jspecify.annotations.NullMarked;
