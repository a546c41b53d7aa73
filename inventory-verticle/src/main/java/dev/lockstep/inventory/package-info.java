/** The inventory service: products, their prices, and the stock reserved for orders. */
@NullMarked
package dev.lockstep.inventory;

import org.jspecify.annotations.NullMarked;
