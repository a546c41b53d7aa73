/** HTTP conventions of all services: JSON requests and responses, pages, and problems according to RFC 9457. */
@NullMarked
package dev.lockstep.messaging.http;

import org.jspecify.annotations.NullMarked;
