package dev.lockstep.order.violations;

import dev.lockstep.runtime.PostgresConfig;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;

/** A deliberate violation. */
public final class ShellOpeningPool {
    public Pool open(PostgresConfig postgres, Vertx vertx) {
        return postgres.pool(vertx, "mine");
    }
}
