package dev.lockstep.messaging;

import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Has work done on a verticle's event loop, for a thread of ours that has nothing else to do until then. */
final class OnContext {
    private static final Duration LONGEST = Duration.ofSeconds(60);

    private final Context context;

    OnContext(Context context) {
        this.context = context;
    }

    /**
     * Returns why the work failed, or null. What takes longer than a minute has failed with a {@link TimeoutException}.
     *
     * @throws IllegalStateException on an event loop, which must not wait
     */
    @Nullable
    Throwable await(Supplier<Future<Void>> work) throws InterruptedException {
        if (Context.isOnEventLoopThread()) {
            throw new IllegalStateException("an event loop must not wait");
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        context.runOnContext(start -> Future.<Void>succeededFuture()
                .compose(begun -> work.get())
                .onComplete(outcome -> {
                    if (outcome.succeeded()) {
                        done.complete(null);
                    } else {
                        done.completeExceptionally(outcome.cause());
                    }
                }));
        try {
            done.get(LONGEST.toMillis(), TimeUnit.MILLISECONDS);
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (TimeoutException e) {
            // It may still commit. Its inbox claims then make the next attempt a repeat.
            return new TimeoutException("no outcome after " + LONGEST);
        }
    }
}
