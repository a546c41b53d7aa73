/** The order service: takes orders over HTTP, tells the rest of the system of them, and keeps what became of them. */
@NullMarked
package dev.lockstep.order;

import org.jspecify.annotations.NullMarked;
