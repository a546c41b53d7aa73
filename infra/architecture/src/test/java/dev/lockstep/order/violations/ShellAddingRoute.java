package dev.lockstep.order.violations;

import io.vertx.ext.web.Router;

/** A deliberate violation. */
public final class ShellAddingRoute {
    public void mount(Router router) {
        router.get("/orders").handler(ctx -> ctx.end());
    }
}
