package dev.lockstep.local;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Runs independent tasks concurrently and waits for all of them. */
final class Parallel {
    private Parallel() {}

    /** Runs all tasks to completion, then throws the first failure, if any, with the other failures as suppressed exceptions. */
    static void run(List<? extends Runnable> tasks) {
        List<Future<?>> running = new ArrayList<>();
        // Closing the executor waits for every task.
        try (ExecutorService executor = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("local-", 1).factory())) {
            tasks.forEach(task -> running.add(executor.submit(task)));
        }
        RuntimeException first = null;
        for (Future<?> task : running) {
            RuntimeException failure = failure(task);
            if (first == null) {
                first = failure;
            } else if (failure != null) {
                first.addSuppressed(failure);
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private static @Nullable RuntimeException failure(Future<?> task) {
        try {
            task.get();
            return null;
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            return new IllegalStateException(cause);
        } catch (ExecutionException cause) {
            return cause.getCause() instanceof RuntimeException failure
                    ? failure
                    : new IllegalStateException(cause.getCause());
        }
    }
}
