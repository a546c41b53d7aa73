/** What the services are built on: settings, connection pools, the HTTP server, health checks, metrics and logs. */
@NullMarked
package dev.lockstep.runtime;

import org.jspecify.annotations.NullMarked;
