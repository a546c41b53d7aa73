/**
 * The order service: accepts orders over HTTP, publishes their events to the other services, and stores the outcome of each order.
 */
@NullMarked
package dev.lockstep.order;

import org.jspecify.annotations.NullMarked;
