package dev.lockstep.order.violations.domain;

import io.vertx.core.Future;

/** A violation on purpose. */
public final class DomainUsingVertx {
    public Future<Void> decide() {
        return Future.succeededFuture();
    }
}
