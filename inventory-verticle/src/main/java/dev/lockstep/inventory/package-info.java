/**
 * The inventory service: products, their prices, and the stock reserved for orders.
 *
 * <p>{@code InventoryProcessor} applies the saga's commands, and {@code StockDecider} decides each of them. {@code ProductRoutes} changes
 * products over HTTP. {@code InventoryVerticle} connects the classes.
 */
@NullMarked
package dev.lockstep.inventory;

import org.jspecify.annotations.NullMarked;
