/** What may be held of a product, for whom and at what price: decided without I/O. */
@NullMarked
package dev.lockstep.inventory.domain;

import org.jspecify.annotations.NullMarked;
