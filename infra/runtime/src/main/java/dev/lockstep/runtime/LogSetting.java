package dev.lockstep.runtime;

import ch.qos.logback.core.PropertyDefinerBase;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Gives logback.xml a setting as every other setting is read: a blank one is absent, and letters may be of any case. */
public final class LogSetting extends PropertyDefinerBase {
    private @Nullable String variable;
    private @Nullable String fallback;

    public void setVariable(String variable) {
        this.variable = variable;
    }

    public void setFallback(String fallback) {
        this.fallback = fallback;
    }

    @Override
    public @Nullable String getPropertyValue() {
        String value = variable == null ? null : System.getenv(variable);
        return value == null || value.isBlank() ? fallback : value.strip().toLowerCase(Locale.ROOT);
    }
}
