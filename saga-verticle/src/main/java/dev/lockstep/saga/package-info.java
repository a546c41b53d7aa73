/**
 * The saga service: coordinates every order until it is either confirmed or cancelled, and undoes completed steps of cancelled orders.
 */
@NullMarked
package dev.lockstep.saga;

import org.jspecify.annotations.NullMarked;
