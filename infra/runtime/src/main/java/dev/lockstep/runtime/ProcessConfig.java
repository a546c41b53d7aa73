package dev.lockstep.runtime;

import dev.lockstep.runtime.tracing.TraceExport;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the process of the service ends, logs and records traces.
 *
 * @param shutdownTimeout how long work in flight may take to finish after the service is asked to stop
 * @param traces where spans are sent, or null if traces are off
 */
public record ProcessConfig(
        Duration shutdownTimeout, LogConfig log, @Nullable TraceExport traces) {
    static ProcessConfig read(Env env, String service) {
        Duration shutdownTimeout = env.duration("SHUTDOWN_TIMEOUT", Duration.ofSeconds(20));
        env.checkTimeout("SHUTDOWN_TIMEOUT", shutdownTimeout);
        return new ProcessConfig(shutdownTimeout, LogConfig.read(env), TracingConfig.read(env, service));
    }
}
