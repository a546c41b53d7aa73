/** The messages that cross services: what each says, under which name and on which topic. */
@NullMarked
package dev.lockstep.contracts;

import org.jspecify.annotations.NullMarked;
