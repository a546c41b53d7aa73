package dev.lockstep.order.violations;

import io.vertx.core.Vertx;
import io.vertx.ext.web.client.WebClient;

/** A deliberate violation. */
public final class ShellOpeningWebClient {
    public WebClient open(Vertx vertx) {
        return WebClient.create(vertx);
    }
}
