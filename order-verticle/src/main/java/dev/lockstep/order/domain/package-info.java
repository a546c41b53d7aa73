/** State machine of an order. Pure decisions without clock or I/O. */
@NullMarked
package dev.lockstep.order.domain;

import org.jspecify.annotations.NullMarked;
