package dev.lockstep.runtime;

/**
 * The log format and level. Logging reads both settings from the environment before any application code runs (see {@link LogSetting}).
 * They are read again here, so that an invalid value is reported like that of any other setting.
 *
 * @param format {@code text} or {@code json}
 * @param level the level of Lockstep's own messages
 */
public record LogConfig(String format, String level) {
    /** Reads both settings. {@link Env#build} reports problems with them. */
    public static LogConfig read(Env env) {
        return new LogConfig(
                env.oneOf("LOG_FORMAT", "text", "text", "json"),
                env.oneOf("LOG_LEVEL", "info", "trace", "debug", "info", "warn", "error"));
    }
}
