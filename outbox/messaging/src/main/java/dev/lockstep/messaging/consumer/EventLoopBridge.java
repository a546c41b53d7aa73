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
    private final Runnable workEnded;

    /** @param workEnded called by the waiting thread whenever work has ended */
    EventLoopBridge(Context context, Runnable workEnded) {
        this.context = context;
        this.workEnded = workEnded;
    }

    /**
     * Returns the result of the work once it has ended. There is no timeout: abandoned work would continue, and its retry would
     * do it a second time. All work must therefore run in {@link BoundedTransactions}. {@link ConsumerProgress} reports work that does not
     * end.
     *
     * @throws ExecutionException if the work failed; {@link #causeOf} returns the failure
     * @throws IllegalStateException on an event loop, which must not block
     */
    <T extends @Nullable Object> T await(Supplier<Future<T>> work) throws ExecutionException, InterruptedException {
        if (Context.isOnEventLoopThread()) {
            throw new IllegalStateException("await must not be called on an event loop thread");
        }
        CompletableFuture<T> done = new CompletableFuture<>();
        context.runOnContext(start -> Future.<Void>succeededFuture()
                .compose(begun -> work.get())
                .onComplete(done::complete, done::completeExceptionally));
        try {
            return done.get();
        } finally {
            workEnded.run();
        }
    }

    /** Returns the failure of the work. */
    static Throwable causeOf(ExecutionException failure) {
        Throwable cause = failure.getCause();
        return cause == null ? failure : cause;
    }
}
