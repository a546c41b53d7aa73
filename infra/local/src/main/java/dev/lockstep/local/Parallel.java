package dev.lockstep.local;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Does independent things at the same time and returns when all are done, for better or worse. */
final class Parallel {
    private Parallel() {}

    /** Runs all tasks to their ends, then throws the first failure if there was one; later ones hang on to it. */
    static void run(List<? extends Runnable> tasks) {
        List<Future<?>> running = new ArrayList<>();
        // The executor's close waits for every task.
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
