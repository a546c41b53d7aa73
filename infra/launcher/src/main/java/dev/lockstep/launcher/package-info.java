/** Starts a service as a process and stops it: database schema, relay, verticle, topics, signals and exit codes. */
@NullMarked
package dev.lockstep.launcher;

import org.jspecify.annotations.NullMarked;
