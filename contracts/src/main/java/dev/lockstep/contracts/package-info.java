/**
 * The messages exchanged between services, with their names and topics.
 *
 * <p>Each message is a record. It implements the sealed interface of its kind, such as {@code InventoryCommand} or {@code OrderEvent}. All
 * are in one package, because Java requires it of a sealed interface and the records that it permits.
 */
@NullMarked
package dev.lockstep.contracts;

import org.jspecify.annotations.NullMarked;
