package dev.lockstep.order.violations;

import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.ServiceContext;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;

/** A deliberate violation. */
public final class ShellOpeningHttpServer {
    public Future<?> open(Vertx vertx, Router router, ServiceContext context) {
        return HttpApi.listen(vertx, router, context);
    }
}
