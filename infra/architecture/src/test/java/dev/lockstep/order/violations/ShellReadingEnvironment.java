package dev.lockstep.order.violations;

/** A deliberate violation. */
public final class ShellReadingEnvironment {
    public String port() {
        return System.getenv().getOrDefault("HTTP_PORT", "8080");
    }
}
