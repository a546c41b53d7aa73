package dev.lockstep.order.planted;

import dev.lockstep.embedded.LocalPostgres;

/** A violation on purpose. */
public final class ServiceOnAnEmbeddedServer {
    public int port(LocalPostgres postgres) {
        return postgres.port();
    }
}
