package dev.lockstep.bench.load;

import dev.lockstep.bench.BenchException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** The load generator's side: one event loop, and HTTP connections that stay open. */
public final class Client implements AutoCloseable {
    private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    private final Context context = vertx.getOrCreateContext();
    private final HttpClient http;

    /** @param connections maximum number of HTTP connections */
    public Client(int connections) {
        http = vertx.createHttpClient(
                new HttpClientOptions().setKeepAliveTimeout(60),
                new PoolOptions().setHttp1MaxSize(connections).setMaxWaitQueueSize(-1));
    }

    public Vertx vertx() {
        return vertx;
    }

    /** The context of the only event loop. */
    public Context context() {
        return context;
    }

    /** Runs a short task on the event loop, behind everything that waits there, and returns its result. */
    public <T> T call(Supplier<T> task) {
        Promise<T> result = Promise.promise();
        context.runOnContext(run -> result.complete(task.get()));
        return await(result.future(), CALL_LIMIT);
    }

    /** Sends a request with a JSON body. Completes with the answer once its body has arrived. */
    public Future<HttpClientResponse> send(HttpMethod method, URI uri, Buffer body) {
        return http.request(method, uri.getPort(), uri.getHost(), uri.getPath())
                .compose(request ->
                        request.putHeader("Content-Type", "application/json").send(body))
                .compose(response -> response.body().map(response));
    }

    /**
     * Places an order. Completes with its id, which is empty if the answer names none.
     *
     * @return fails unless the answer is 202
     */
    public Future<String> placeOrder(URI orders, Buffer body) {
        return send(HttpMethod.POST, orders, body).map(response -> {
            if (response.statusCode() != 202) {
                throw new BenchException("POST " + orders + " was answered " + response.statusCode());
            }
            String location = response.getHeader("Location");
            return location == null ? "" : location.substring(location.lastIndexOf('/') + 1);
        });
    }

    /**
     * Returns the result of the future.
     *
     * @throws BenchException if it fails or takes longer than the limit
     */
    public static <T> T await(Future<T> future, Duration limit) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException cause) {
            throw cause.getCause() instanceof BenchException own
                    ? own
                    : new BenchException(String.valueOf(cause.getCause()), cause);
        } catch (TimeoutException cause) {
            throw new BenchException("timed out after " + limit.toSeconds() + " s", cause);
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new BenchException("interrupted", cause);
        }
    }

    @Override
    public void close() {
        await(http.close().eventually(vertx::close), CLOSE_LIMIT);
    }
}
