/** Decisions of an order's saga. Pure: no clock, no I/O, no dependency other than the JDK. */
@NullMarked
package dev.lockstep.saga.domain;

import org.jspecify.annotations.NullMarked;
