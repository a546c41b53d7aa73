/** The saga service: sees every order through to its one end, and undoes what must not stay. */
@NullMarked
package dev.lockstep.saga;

import org.jspecify.annotations.NullMarked;
