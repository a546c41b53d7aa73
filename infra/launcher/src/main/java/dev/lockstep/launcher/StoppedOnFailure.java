package dev.lockstep.launcher;

import io.vertx.core.Context;
import io.vertx.core.Deployable;
import io.vertx.core.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops a verticle whose start has failed, so that it closes what it had opened by then. Vert.x itself does not: it stops only verticles
 * that have started.
 */
record StoppedOnFailure(Deployable verticle) implements Deployable {
    private static final Logger LOGGER = LoggerFactory.getLogger(StoppedOnFailure.class);

    private interface Step {
        Future<?> run(Context context) throws Exception;
    }

    @Override
    public Future<?> deploy(Context context) {
        return run(verticle::deploy, context)
                .recover(failure -> run(verticle::undeploy, context)
                        .onFailure(e -> LOGGER.atWarn().setCause(e).log("the verticle did not stop cleanly"))
                        .transform(stopped -> Future.failedFuture(failure)));
    }

    @Override
    public Future<?> undeploy(Context context) {
        return run(verticle::undeploy, context);
    }

    private static Future<Void> run(Step step, Context context) {
        try {
            return step.run(context).mapEmpty();
        } catch (Exception e) {
            return Future.failedFuture(e);
        }
    }
}
