package dev.lockstep.order.violations.domain;

import io.vertx.core.Future;

/** A deliberate violation. */
public final class DomainUsingVertx {
    public Future<Void> decide() {
        return Future.succeededFuture();
    }
}
