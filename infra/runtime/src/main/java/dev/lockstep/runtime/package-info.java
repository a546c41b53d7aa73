/** Common runtime of all services: settings, database schema, topics, HTTP, health checks, metrics and graceful shutdown. */
@NullMarked
package dev.lockstep.runtime;

import org.jspecify.annotations.NullMarked;
