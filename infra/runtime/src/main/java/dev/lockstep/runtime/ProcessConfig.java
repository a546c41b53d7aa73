package dev.lockstep.runtime;

import java.time.Duration;

/**
 * How the process of the service ends and logs.
 *
 * @param shutdownTimeout how long work in flight may take to finish after the service is asked to stop
 */
public record ProcessConfig(Duration shutdownTimeout, LogConfig log) {
    static ProcessConfig read(Env env) {
        Duration shutdownTimeout = env.duration("SHUTDOWN_TIMEOUT", Duration.ofSeconds(20));
        env.checkTimeout("SHUTDOWN_TIMEOUT", shutdownTimeout);
        return new ProcessConfig(shutdownTimeout, LogConfig.read(env));
    }
}
