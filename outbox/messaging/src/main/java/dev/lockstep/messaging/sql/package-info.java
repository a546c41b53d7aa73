/** Statements and their values: conditions, results, and the conversion of times. */
@NullMarked
package dev.lockstep.messaging.sql;

import org.jspecify.annotations.NullMarked;
