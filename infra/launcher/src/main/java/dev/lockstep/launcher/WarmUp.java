package dev.lockstep.launcher;

import dev.lockstep.runtime.HttpApi;
import dev.lockstep.runtime.ServiceContext;
import dev.lockstep.runtime.ServiceMetrics;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.ext.web.client.WebClient;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exercises the components that every service uses at start (the Postgres client, routes, an HTTP client) on a separate event loop. Loading
 * their classes takes a few tenths of a second on an idle machine and several seconds on a busy one. Without the warm-up, this would block
 * the event loops that serve requests, health checks and metrics.
 */
final class WarmUp {
    private static final Logger LOGGER = LoggerFactory.getLogger(WarmUp.class);
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static boolean done;

    private WarmUp() {}

    /**
     * Runs once per process and blocks until the warm-up is done. A failure is only logged at debug level: it occurs again, and is
     * reported, where the component is used.
     */
    static synchronized void run(ServiceContext context) {
        if (done) {
            return;
        }
        done = true;
        // This event loop is expected to block.
        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setFileSystemOptions(ServiceMetrics.withoutFileCache())
                .setEventLoopPoolSize(1)
                .setMaxEventLoopExecuteTime(1)
                .setMaxEventLoopExecuteTimeUnit(TimeUnit.HOURS));
        CountDownLatch over = new CountDownLatch(1);
        vertx.runOnContext(start -> exercise(vertx, context).onComplete(used -> {
            if (used.failed()) {
                LOGGER.atDebug().setCause(used.cause()).log("warm-up failed");
            }
            over.countDown();
        }));
        try {
            if (!over.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                LOGGER.atDebug().log("warm-up exceeds its time limit and is aborted");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        vertx.close().onFailure(e -> LOGGER.atDebug().setCause(e).log("warm-up did not stop cleanly"));
    }

    private static Future<Void> exercise(Vertx vertx, ServiceContext context) {
        try {
            HttpApi.router(vertx, context.config().http()).get("/");
            WebClient.create(vertx).close();
            Pool pool = context.config().postgres().pool(vertx, context.config().service() + "-warm-up", 1);
            return pool.withTransaction(tx -> tx.query("SELECT 1")
                            .execute()
                            .compose(rows -> tx.preparedQuery("SELECT $1::text, $2::bigint")
                                    .execute(Tuple.of("", 1L))))
                    .eventually(pool::close)
                    .mapEmpty();
        } catch (RuntimeException e) {
            return Future.failedFuture(e);
        }
    }
}
