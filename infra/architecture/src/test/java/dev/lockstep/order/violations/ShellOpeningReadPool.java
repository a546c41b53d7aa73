package dev.lockstep.order.violations;

import dev.lockstep.runtime.PostgresConfig;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/** A deliberate violation. */
public final class ShellOpeningReadPool {
    public Future<Void> open(PostgresConfig postgres, Vertx vertx) {
        return postgres.readPool(vertx, "mine").close();
    }
}
