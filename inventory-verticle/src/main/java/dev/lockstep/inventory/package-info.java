/** The inventory service: products, their prices, and what is held of them for orders. */
@NullMarked
package dev.lockstep.inventory;

import org.jspecify.annotations.NullMarked;
