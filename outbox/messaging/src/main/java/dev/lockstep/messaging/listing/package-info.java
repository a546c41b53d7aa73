/** Lists of rows for operators: filters as conditions, newest first, with a cursor, and with a limit on the rows that one page examines. */
@NullMarked
package dev.lockstep.messaging.listing;

import org.jspecify.annotations.NullMarked;
