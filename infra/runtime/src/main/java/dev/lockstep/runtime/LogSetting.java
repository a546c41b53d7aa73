package dev.lockstep.runtime;

import ch.qos.logback.core.PropertyDefinerBase;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Gives logback.xml a setting as every other setting is read: a blank one is absent, and letters may be of any case. */
public final class LogSetting extends PropertyDefinerBase {
    // Not "variable": logback takes an element of that name for its own.
    private @Nullable String setting;
    private @Nullable String fallback;

    public void setSetting(String setting) {
        this.setting = setting;
    }

    public void setFallback(String fallback) {
        this.fallback = fallback;
    }

    @Override
    public @Nullable String getPropertyValue() {
        String value = setting == null ? null : System.getenv(setting);
        return value == null || value.isBlank() ? fallback : value.strip().toLowerCase(Locale.ROOT);
    }
}
