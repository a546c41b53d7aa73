package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Runs work on a verticle's event loop while a thread outside the event loop blocks until the work has ended. */
final class EventLoopBridge {
    private final Context context;

    EventLoopBridge(Context context) {
        this.context = context;
    }

    /**
     * Returns the failure of the work, or null, once the work has ended. There is no timeout, because abandoned work that continues would
     * be done twice. All work must therefore run in {@link BoundedTransactions}. {@link ConsumerProgress} reports work that does not end.
     *
     * @throws IllegalStateException on an event loop, which must not block
     */
    @Nullable
    Throwable await(Supplier<Future<Void>> work) throws InterruptedException {
        if (Context.isOnEventLoopThread()) {
            throw new IllegalStateException("await must not be called on an event loop thread");
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
            done.get();
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }
}
