package dev.lockstep.runtime;

/**
 * How the log looks. Logging itself reads these two from the environment before any of our code runs (see {@link
 * LogSetting}); they are read again here so that a wrong one is a problem like any other.
 *
 * @param format {@code text} or {@code json}
 * @param level of our own messages
 */
public record LogConfig(String format, String level) {
    static LogConfig read(Env env) {
        return new LogConfig(
                env.oneOf("LOG_FORMAT", "text", "text", "json"),
                env.oneOf("LOG_LEVEL", "info", "trace", "debug", "info", "warn", "error"));
    }
}
