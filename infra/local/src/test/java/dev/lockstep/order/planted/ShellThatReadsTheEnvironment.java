package dev.lockstep.order.planted;

/** A violation on purpose. */
public final class ShellThatReadsTheEnvironment {
    public String port() {
        return System.getenv().getOrDefault("HTTP_PORT", "8080");
    }
}
