package dev.lockstep.order.violations;

import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceRoutes;
import io.vertx.core.Future;
import io.vertx.core.Vertx;

/** A deliberate violation. */
public final class ShellOpeningHttpServer {
    public Future<?> open(Vertx vertx, ServiceRoutes routes, ServiceContext context) {
        return HttpApi.listen(vertx, routes, context);
    }
}
