/** The messages exchanged between services, with their names and topics. */
@NullMarked
package dev.lockstep.contracts;

import org.jspecify.annotations.NullMarked;
