package dev.lockstep.order;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.FailureKind;
import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.record.TraceContext;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * Commits orders that arrive together in one transaction, which {@link OrderWriter} executes. Confined to one event loop.
 *
 * <pre>
 * request ──▶ bounded queue ──▶ up to {@code connections} writes in flight, up to {@code batch} orders each ──▶ response
 * </pre>
 *
 * <p>Batches form without a timer: while all writes are in flight, orders gather in the queue, and the next write takes up to a full batch
 * of them. An order that arrives alone is written immediately, and batches grow with the load.
 */
final class OrderGroupCommit {
    private static final Logger LOGGER = LoggerFactory.getLogger(OrderGroupCommit.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final String OVERLOADED = "The service is overloaded. The order was not accepted; retry the request";
    private static final String DATABASE_UNAVAILABLE =
            "The database is unavailable. The order was not accepted; retry the request";
    private static final String OUTCOME_UNKNOWN =
            "The database did not confirm the order in time. It is unknown whether the order was accepted;"
                    + " retry with the same " + Idempotency.HEADER + " to avoid a duplicate order";

    private final Limits limits;
    private final Function<List<PlaceOrder>, Future<List<PlaceOrderResult>>> write;
    private final Executor endOfTick;
    private final LongSupplier nanoTime;
    private final ArrayDeque<QueuedOrder> queued = new ArrayDeque<>();
    private boolean scheduled;
    private int inFlight;

    /**
     * @param connections maximum number of writes in flight
     * @param batch maximum number of orders in one write
     * @param queue maximum number of orders that wait for a write
     * @param timeout how long an order may wait for its write to begin, and how long a write may take
     */
    record Limits(int connections, int batch, int queue, Duration timeout) {}

    private record QueuedOrder(PlaceOrder placement, Promise<PlaceOrderResult> answer, long since) {}

    /**
     * @param write writes all placements or none. Completes on this event loop, with the results in the order of the placements, once
     *     the orders are durable. Fails with {@link OutcomeUnknownException} if the orders may have been written nevertheless, and with any
     *     other error if they were not written
     * @param endOfTick runs a task on the same event loop after the current task
     */
    OrderGroupCommit(
            Limits limits,
            Function<List<PlaceOrder>, Future<List<PlaceOrderResult>>> write,
            Executor endOfTick,
            LongSupplier nanoTime) {
        this.limits = limits;
        this.write = write;
        this.endOfTick = endOfTick;
        this.nanoTime = nanoTime;
    }

    /**
     * Completes once the order is durable. Fails with a {@link Problem} if the caller may retry. If the connection was lost or the write
     * timed out during the commit, the order may have been written nevertheless.
     */
    Future<PlaceOrderResult> place(PlaceOrder placement) {
        if (queued.size() >= limits.queue()) {
            return Future.failedFuture(Problem.unavailable(OVERLOADED, RETRY_AFTER));
        }
        Promise<PlaceOrderResult> answer = Promise.promise();
        queued.add(new QueuedOrder(placement, answer, nanoTime.getAsLong()));
        if (!scheduled && inFlight < limits.connections()) {
            scheduled = true;
            // Deferred to the end of the tick, so that requests read from sockets in the same tick join the batch.
            endOfTick.execute(() -> {
                scheduled = false;
                writeNext();
            });
        }
        return answer.future();
    }

    int queueSize() {
        return queued.size();
    }

    private void writeNext() {
        while (inFlight < limits.connections()) {
            List<QueuedOrder> batch = nextBatch();
            if (batch.isEmpty()) {
                return;
            }
            inFlight++;
            write(batch).onComplete(written -> {
                inFlight--;
                writeNext();
            });
        }
    }

    private List<QueuedOrder> nextBatch() {
        List<QueuedOrder> batch = new ArrayList<>(Math.min(limits.batch(), queued.size()));
        while (batch.size() < limits.batch() && !queued.isEmpty()) {
            QueuedOrder next = queued.remove();
            if (hasTimedOut(next)) {
                reject(List.of(next), OVERLOADED);
            } else {
                batch.add(next);
            }
        }
        return batch;
    }

    /** Completes once every order of the batch has its result. Never fails. */
    private Future<Void> write(List<QueuedOrder> batch) {
        return Future.succeededFuture(batch.stream().map(QueuedOrder::placement).toList())
                // The future returned by the write is bound to the event loop. A timeout on a future without a context
                // would fire on another thread.
                .compose(placements ->
                        write.apply(placements).timeout(limits.timeout().toMillis(), TimeUnit.MILLISECONDS))
                .transform(written ->
                        written.succeeded() ? answer(batch, written.result()) : fail(batch, written.cause()));
    }

    private static Future<Void> answer(List<QueuedOrder> batch, List<PlaceOrderResult> placed) {
        for (int i = 0; i < batch.size(); i++) {
            complete(batch.get(i), Future.succeededFuture(placed.get(i)));
        }
        return Future.succeededFuture();
    }

    private Future<Void> fail(List<QueuedOrder> batch, Throwable cause) {
        if (cause instanceof OutcomeUnknownException || cause instanceof TimeoutException) {
            return reject(batch, OUTCOME_UNKNOWN);
        }
        if (FailureClassifier.classify(cause) == FailureKind.UNAVAILABLE) {
            return reject(batch, DATABASE_UNAVAILABLE);
        }
        if (batch.size() == 1) {
            complete(batch.getFirst(), Future.failedFuture(cause));
            return Future.succeededFuture();
        }
        // One order of the batch caused the failure. Each order is retried alone so that the others still succeed.
        Future<Void> alone = Future.succeededFuture();
        for (QueuedOrder order : batch) {
            alone = alone.compose(
                    previous -> hasTimedOut(order) ? reject(List.of(order), OVERLOADED) : write(List.of(order)));
        }
        return alone;
    }

    private static Future<Void> reject(List<QueuedOrder> batch, String detail) {
        Problem problem = Problem.unavailable(detail, RETRY_AFTER);
        batch.forEach(order -> complete(order, Future.failedFuture(problem)));
        return Future.succeededFuture();
    }

    private static void complete(QueuedOrder order, Future<PlaceOrderResult> outcome) {
        try {
            outcome.onComplete(order.answer());
        } catch (RuntimeException e) {
            // The listener of this order threw. The other orders of the batch must still receive their results.
            String traceparent = TraceContext.orNull(order.placement().traceparent());
            LoggingEventBuilder event = LOGGER.atError()
                    .addKeyValue("orderId", order.placement().order().id())
                    .setCause(e);
            (traceparent == null ? event : event.addKeyValue("traceId", TraceContext.traceId(traceparent)))
                    .log("response could not be sent");
        }
    }

    private boolean hasTimedOut(QueuedOrder order) {
        return nanoTime.getAsLong() - order.since() > limits.timeout().toNanos();
    }
}
