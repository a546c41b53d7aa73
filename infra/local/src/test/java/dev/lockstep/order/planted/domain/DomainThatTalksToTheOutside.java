package dev.lockstep.order.planted.domain;

import io.vertx.core.Future;

/** A violation on purpose. */
public final class DomainThatTalksToTheOutside {
    public Future<Void> decide() {
        return Future.succeededFuture();
    }
}
