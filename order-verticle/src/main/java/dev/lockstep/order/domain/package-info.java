/** What an order is and what may become of it: decisions only, no clock and no I/O. */
@NullMarked
package dev.lockstep.order.domain;

import org.jspecify.annotations.NullMarked;
