package dev.lockstep.runtime.auth.violations;

import dev.lockstep.runtime.Env;

/** A deliberate violation. */
public final class SignInUsingSettings {
    public String issuer(Env env) {
        return env.string("AUTH_ISSUER", "");
    }
}
