/** Helpers for SQL: statements built from the filters that are set, results of at most one row, and times as parameters and columns. */
@NullMarked
package dev.lockstep.messaging.sql;

import org.jspecify.annotations.NullMarked;
