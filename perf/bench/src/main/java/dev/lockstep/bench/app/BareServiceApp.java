package dev.lockstep.bench.app;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.launcher.RunningService;
import dev.lockstep.launcher.ServiceLauncher;
import dev.lockstep.messaging.http.JsonBody;
import dev.lockstep.runtime.Env;
import dev.lockstep.runtime.ServiceConfig;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceResources;
import dev.lockstep.runtime.auth.Access;
import dev.lockstep.runtime.auth.Scope;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A service without any behaviour of its own. It has the HTTP server of every service, with one route that parses the body and answers with
 * 202, and the relay unless {@code RELAY_ENABLED} is false.
 */
public final class BareServiceApp {
    /** The topic that the relay writes to. */
    public static final String TOPIC = "bench.events";

    private static final String SERVICE = "bench-service";

    private BareServiceApp() {}

    public static void main(String[] args) {
        ServiceLauncher.main(SERVICE, List.of(TOPIC), BareServiceApp::start, args);
    }

    private static RunningService start(Map<String, String> environment) {
        Env env = new Env(environment);
        ServiceConfig common = ServiceConfig.read(env, SERVICE, 0);
        ServiceConfig config = env.build(SERVICE, () -> common);
        return ServiceLauncher.start(config, List.of(TOPIC), BareVerticle::new);
    }

    private static final class BareVerticle extends VerticleBase {
        private final ServiceContext service;
        private @Nullable ServiceResources resources;

        BareVerticle(ServiceContext service) {
            this.service = service;
        }

        @Override
        public Future<?> start() {
            ServiceResources opened = ServiceResources.open(vertx, service);
            resources = opened;
            opened.routes().post("/orders", Access.anyOf(Scope.ORDERS_WRITE), BareVerticle::answer);
            return opened.listen();
        }

        @Override
        public Future<?> stop() {
            return resources == null ? Future.succeededFuture() : resources.close();
        }

        private static void answer(RoutingContext ctx) {
            JsonBody.read(ctx, JsonNode.class);
            ctx.response().setStatusCode(202).end();
        }
    }
}
