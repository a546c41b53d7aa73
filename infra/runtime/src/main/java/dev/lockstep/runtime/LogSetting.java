package dev.lockstep.runtime;

import ch.qos.logback.core.PropertyDefinerBase;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Provides a setting to logback.xml, with the rules of all settings: a blank value counts as absent, and case is ignored. */
public final class LogSetting extends PropertyDefinerBase {
    // Not named "variable": logback treats an element of that name as its own.
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
