package dev.lockstep.order.violations;

import dev.lockstep.embedded.LocalPostgres;

/** A deliberate violation. */
public final class ServiceUsingEmbeddedServer {
    public int port(LocalPostgres postgres) {
        return postgres.port();
    }
}
