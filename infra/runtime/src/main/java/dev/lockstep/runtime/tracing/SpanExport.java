package dev.lockstep.runtime.tracing;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.internal.FailedExportException.HttpExportException;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.HttpResponse;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports spans in batches, on a thread of its own. At most {@link #CAPACITY} spans wait; further ones are dropped. A receiver that is
 * unavailable or does not answer therefore costs spans, but neither time nor memory. Dropped spans are counted, and a warning is logged at
 * most once a minute.
 */
final class SpanExport implements SpanProcessor {
    static final int CAPACITY = 2_048;
    private static final int MAX_BATCH = 512;
    private static final int MAX_CAUSES = 10;
    private static final Duration DELAY = Duration.ofSeconds(1);
    private static final Duration WARNING_INTERVAL = Duration.ofMinutes(1);
    private static final Logger LOGGER = LoggerFactory.getLogger(SpanExport.class);

    private final String service;
    private final String receiver;
    private final ExportThreads threads;
    private final BatchSpanProcessor batches;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong unreported = new AtomicLong();
    private final AtomicLong nextWarning = new AtomicLong(System.nanoTime());
    private final Counter exported;
    private final Counter overflowed;
    private final Counter failed;
    private volatile boolean closed;

    /**
     * @param receiver the address of the receiver, for the log
     * @param threads the threads that the exporter uses
     * @param timeout how long the exporter may take for a batch
     */
    SpanExport(
            String service,
            String receiver,
            SpanExporter exporter,
            ExportThreads threads,
            Duration timeout,
            MeterRegistry meters) {
        this.service = service;
        this.receiver = receiver;
        this.threads = threads;
        this.exported = Counter.builder("lockstep.trace.spans.exported")
                .description("spans that the receiver has accepted")
                .register(meters);
        this.overflowed = dropped("queue-full", meters);
        this.failed = dropped("export-failed", meters);
        // It drops spans without saying so if its own queue is full, which therefore is never reached.
        this.batches = BatchSpanProcessor.builder(new CountedExporter(exporter, timeout))
                .setMaxQueueSize(CAPACITY)
                .setMaxExportBatchSize(MAX_BATCH)
                .setScheduleDelay(DELAY)
                .setExporterTimeout(timeout.plusSeconds(1))
                .build();
    }

    private static Counter dropped(String reason, MeterRegistry meters) {
        return Counter.builder("lockstep.trace.spans.dropped")
                .description("spans that were not exported")
                .tag("reason", reason)
                .register(meters);
    }

    @Override
    public void onStart(Context parent, ReadWriteSpan span) {}

    @Override
    public boolean isStartRequired() {
        return false;
    }

    @Override
    public void onEnd(ReadableSpan span) {
        if (waiting.incrementAndGet() > CAPACITY) {
            waiting.decrementAndGet();
            overflowed.increment();
            warn(1, null);
            return;
        }
        batches.onEnd(span);
    }

    @Override
    public boolean isEndRequired() {
        return true;
    }

    @Override
    public CompletableResultCode forceFlush() {
        return batches.forceFlush();
    }

    @Override
    public CompletableResultCode shutdown() {
        return batches.shutdown();
    }

    /** Ends the export at once. Spans that wait are dropped. */
    void abort() {
        closed = true;
        threads.interrupt();
        int left = waiting.get();
        if (left > 0) {
            LOGGER.atWarn()
                    .addKeyValue("service", service)
                    .addKeyValue("receiver", receiver)
                    .addKeyValue("spans", left)
                    .log("spans could not be exported before the service stopped");
        }
    }

    private void warn(int spans, @Nullable Throwable failure) {
        unreported.addAndGet(spans);
        long now = System.nanoTime();
        long next = nextWarning.get();
        if (closed || now - next < 0 || !nextWarning.compareAndSet(next, now + WARNING_INTERVAL.toNanos())) {
            return;
        }
        LOGGER.atWarn()
                .addKeyValue("service", service)
                .addKeyValue("receiver", receiver)
                .addKeyValue("spans", unreported.getAndSet(0))
                .addKeyValue("error", failure == null ? "too many spans wait for the export" : describe(failure))
                .log("spans were dropped; check OTEL_EXPORTER_OTLP_ENDPOINT and the receiver");
    }

    // The library wraps the failure of a request several times. Its failure of an answered request has no message.
    private static String describe(Throwable failure) {
        HttpResponse answer = failure instanceof HttpExportException failed ? failed.getResponse() : null;
        if (answer != null) {
            return "HTTP status " + answer.getStatusCode();
        }
        Throwable root = failure;
        for (int depth = 0; root.getCause() != null && depth < MAX_CAUSES; depth++) {
            root = root.getCause();
        }
        return failure.getCause() == null ? failure.toString() : failure.getMessage() + ": " + root;
    }

    /** Waits for the outcome of each batch, so that a receiver that never completes its answer does not occupy a thread for good. */
    private final class CountedExporter implements SpanExporter {
        private final SpanExporter exporter;
        private final Duration timeout;

        CountedExporter(SpanExporter exporter, Duration timeout) {
            this.exporter = exporter;
            this.timeout = timeout;
        }

        // Called on the thread of the batch processor, which waits for the result anyway.
        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            waiting.addAndGet(-spans.size());
            CompletableResultCode result = closed ? CompletableResultCode.ofFailure() : tryExport(spans);
            result.join(timeout.toNanos(), TimeUnit.NANOSECONDS);
            if (result.isSuccess()) {
                exported.increment(spans.size());
                return result;
            }
            failed.increment(spans.size());
            if (!result.isDone()) {
                threads.interrupt();
                warn(spans.size(), new TimeoutException("no complete answer within " + timeout));
            } else {
                warn(spans.size(), failure(result));
            }
            return CompletableResultCode.ofFailure();
        }

        private CompletableResultCode tryExport(Collection<SpanData> spans) {
            try {
                return exporter.export(spans);
            } catch (RuntimeException thrown) {
                return CompletableResultCode.ofExceptionalFailure(thrown);
            }
        }

        private Throwable failure(CompletableResultCode result) {
            Throwable failure = result.getFailureThrowable();
            return failure == null ? new IllegalStateException("the receiver did not accept them") : failure;
        }

        @Override
        public CompletableResultCode flush() {
            return exporter.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return exporter.shutdown();
        }
    }
}
