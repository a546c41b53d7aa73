package dev.lockstep.runtime.tracing;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads that send spans: one at a time, and another one while an interrupted one ends. The timeout of a request of the JDK's HTTP
 * client does not cover the body of the answer, so a thread may have to be interrupted.
 */
final class ExportThreads extends ThreadPoolExecutor {
    private static final int MAX_THREADS = 2;
    private static final Duration IDLE = Duration.ofSeconds(10);

    private final Set<Thread> running = ConcurrentHashMap.newKeySet();

    ExportThreads(String service) {
        super(
                0,
                MAX_THREADS,
                IDLE.toMillis(),
                TimeUnit.MILLISECONDS,
                new SynchronousQueue<>(),
                Thread.ofPlatform().daemon().name("span-export-" + service).factory());
    }

    @Override
    protected void beforeExecute(Thread thread, Runnable task) {
        running.add(thread);
        super.beforeExecute(thread, task);
    }

    @Override
    protected void afterExecute(Runnable task, Throwable thrown) {
        super.afterExecute(task, thrown);
        running.remove(Thread.currentThread());
    }

    /** Interrupts the threads that are sending. */
    void interrupt() {
        running.forEach(Thread::interrupt);
    }
}
