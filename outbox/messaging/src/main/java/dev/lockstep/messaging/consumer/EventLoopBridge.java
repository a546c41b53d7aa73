package dev.lockstep.messaging.consumer;

import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Has work done on a verticle's event loop, for a thread of ours that has nothing else to do until then. */
final class EventLoopBridge {
    private final Context context;

    EventLoopBridge(Context context) {
        this.context = context;
    }

    /**
     * Returns why the work failed, or null, when it has ended. There is no limit here: work that was given up and runs on would be
     * done twice. So all of it has to run in {@link BoundedTransactions}; {@link ConsumerProgress} says when it does not end.
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
            done.get();
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }
}
