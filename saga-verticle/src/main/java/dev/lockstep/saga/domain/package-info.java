/** What an order's saga decides. Pure: no clock, no I/O, nothing but the JDK. */
@NullMarked
package dev.lockstep.saga.domain;

import org.jspecify.annotations.NullMarked;
