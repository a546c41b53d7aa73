/** HTTP as every service speaks it: JSON in and out, pages, and problems as RFC 9457 describes them. */
@NullMarked
package dev.lockstep.messaging.http;

import org.jspecify.annotations.NullMarked;
