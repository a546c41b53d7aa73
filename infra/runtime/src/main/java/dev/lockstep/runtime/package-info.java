/** What every service boots on: settings, schema, topics, HTTP, health, metrics and an orderly end. */
@NullMarked
package dev.lockstep.runtime;

import org.jspecify.annotations.NullMarked;
