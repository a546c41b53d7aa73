/**
 * Traces of a service, recorded with OpenTelemetry and exported by OTLP. Only this package uses the library, and only if tracing is on:
 * {@link dev.lockstep.runtime.tracing.Tracing} is what the rest of the runtime sees.
 */
@NullMarked
package dev.lockstep.runtime.tracing;

import org.jspecify.annotations.NullMarked;
