package dev.lockstep.order;

import dev.lockstep.messaging.failure.FailureClassifier;
import dev.lockstep.messaging.failure.FailureKind;
import dev.lockstep.messaging.http.Problem;
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

/**
 * Makes orders that arrive together commit together. Confined to one event loop; what a write does is the store's business.
 *
 * <pre>
 * request ──▶ waiting (bounded) ──▶ at most so many writes in flight, each of at most so many orders ──▶ its answer
 * </pre>
 *
 * <p>There is no timer to wait for company: while all writes are in flight orders gather, and the next write takes them all.
 * So an order that comes alone is written at once, and the busier it gets the larger the batches are.
 */
final class OrderGroupCommit {
    private static final Logger LOGGER = LoggerFactory.getLogger(OrderGroupCommit.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final String OVERLOADED =
            "More orders are coming in than can be written; this one was not taken, ask again";
    private static final String DATABASE_UNAVAILABLE =
            "The database cannot be used right now. The order was not taken: ask again";
    private static final String OUTCOME_UNKNOWN =
            "The database did not confirm the order in time. Whether the order was taken is not"
                    + " known: ask again, with the same " + Idempotency.HEADER + " if there must not be two";

    private final Limits limits;
    private final Function<List<PlaceOrder>, Future<List<PlaceOrderResult>>> write;
    private final Executor endOfTick;
    private final LongSupplier nanoTime;
    private final ArrayDeque<QueuedOrder> queued = new ArrayDeque<>();
    private boolean scheduled;
    private int inFlight;

    /**
     * @param connections how many writes may be in flight
     * @param batch how many orders one write may take
     * @param queue how many orders may wait for a write
     * @param timeout how long an order may wait for its write to begin
     */
    record Limits(int connections, int batch, int queue, Duration timeout) {}

    private record QueuedOrder(PlaceOrder placement, Promise<PlaceOrderResult> answer, long since) {}

    /**
     * @param write writes all placements or none, completing on this event loop, in their order, once they are durable; fails
     *     with {@link OutcomeUnknownException} if they may have been written all the same, and with anything else if they were not
     * @param endOfTick runs a task on the same event loop after what it is doing now
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
     * Completes once the order is durable. Fails with a {@link Problem} when it may be tried again, and then the order may
     * have been written all the same if the connection was lost while the commit was under way.
     */
    Future<PlaceOrderResult> place(PlaceOrder placement) {
        if (queued.size() >= limits.queue()) {
            return Future.failedFuture(Problem.unavailable(OVERLOADED, RETRY_AFTER));
        }
        Promise<PlaceOrderResult> answer = Promise.promise();
        queued.add(new QueuedOrder(placement, answer, nanoTime.getAsLong()));
        if (!scheduled && inFlight < limits.connections()) {
            scheduled = true;
            // Not at once: whatever else this tick of the event loop read from its sockets can still come along.
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

    /** Completes, and never fails, once every order of the batch has its answer. */
    private Future<Void> write(List<QueuedOrder> batch) {
        return Future.succeededFuture(batch.stream().map(QueuedOrder::placement).toList())
                // The write's own future knows the event loop; one of no context would time out on a foreign thread.
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
        // One of them is at fault, and the others must not suffer for it.
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
            // Whoever waits for this order failed over its answer; the others of the batch are still to have theirs.
            LOGGER.atError()
                    .addKeyValue("orderId", order.placement().order().id())
                    .setCause(e)
                    .log("an answer could not be given");
        }
    }

    private boolean hasTimedOut(QueuedOrder order) {
        return nanoTime.getAsLong() - order.since() > limits.timeout().toNanos();
    }
}
