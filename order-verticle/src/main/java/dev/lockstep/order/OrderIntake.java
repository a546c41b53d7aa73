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
final class OrderIntake {
    private static final Logger LOGGER = LoggerFactory.getLogger(OrderIntake.class);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
    private static final String NOT_TAKEN =
            "More orders are coming in than can be written; this one was not taken, ask again";
    private static final String REFUSED = "The database cannot be used right now. The order was not taken: ask again";
    private static final String PERHAPS_TAKEN =
            "The database did not confirm the order in time. Whether the order was taken is not"
                    + " known: ask again, with the same " + Idempotency.HEADER + " if there must not be two";

    private final Limits limits;
    private final Function<List<Placement>, Future<List<Placed>>> write;
    private final Executor endOfTick;
    private final LongSupplier nanoTime;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private boolean scheduled;
    private int inFlight;

    /**
     * @param connections how many writes may be in flight
     * @param batch how many orders one write may take
     * @param queue how many orders may wait for a write
     * @param patience how long an order may wait for its write to begin
     */
    record Limits(int connections, int batch, int queue, Duration patience) {}

    private record Waiting(Placement placement, Promise<Placed> answer, long since) {}

    /**
     * @param write writes all placements or none, completing on this event loop, in their order, once they are durable; fails
     *     with {@link OutcomeUnknownException} if they may have been written all the same, and with anything else if they were not
     * @param endOfTick runs a task on the same event loop after what it is doing now
     */
    OrderIntake(
            Limits limits,
            Function<List<Placement>, Future<List<Placed>>> write,
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
    Future<Placed> place(Placement placement) {
        if (waiting.size() >= limits.queue()) {
            return Future.failedFuture(Problem.unavailable(NOT_TAKEN, RETRY_AFTER));
        }
        Promise<Placed> answer = Promise.promise();
        waiting.add(new Waiting(placement, answer, nanoTime.getAsLong()));
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

    int waiting() {
        return waiting.size();
    }

    private void writeNext() {
        while (inFlight < limits.connections()) {
            List<Waiting> batch = take();
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

    private List<Waiting> take() {
        List<Waiting> batch = new ArrayList<>(Math.min(limits.batch(), waiting.size()));
        while (batch.size() < limits.batch() && !waiting.isEmpty()) {
            Waiting next = waiting.remove();
            if (isOutOfPatience(next)) {
                refuse(List.of(next), NOT_TAKEN);
            } else {
                batch.add(next);
            }
        }
        return batch;
    }

    /** Completes, and never fails, once every order of the batch has its answer. */
    private Future<Void> write(List<Waiting> batch) {
        return Future.succeededFuture(batch.stream().map(Waiting::placement).toList())
                // The write's own future knows the event loop; one of no context would time out on a foreign thread.
                .compose(placements ->
                        write.apply(placements).timeout(limits.patience().toMillis(), TimeUnit.MILLISECONDS))
                .transform(written ->
                        written.succeeded() ? answer(batch, written.result()) : fail(batch, written.cause()));
    }

    private static Future<Void> answer(List<Waiting> batch, List<Placed> placed) {
        for (int i = 0; i < batch.size(); i++) {
            tell(batch.get(i), Future.succeededFuture(placed.get(i)));
        }
        return Future.succeededFuture();
    }

    private Future<Void> fail(List<Waiting> batch, Throwable cause) {
        if (cause instanceof OutcomeUnknownException || cause instanceof TimeoutException) {
            return refuse(batch, PERHAPS_TAKEN);
        }
        if (FailureClassifier.classify(cause) == FailureKind.UNAVAILABLE) {
            return refuse(batch, REFUSED);
        }
        if (batch.size() == 1) {
            tell(batch.getFirst(), Future.failedFuture(cause));
            return Future.succeededFuture();
        }
        // One of them is at fault, and the others must not suffer for it.
        Future<Void> alone = Future.succeededFuture();
        for (Waiting order : batch) {
            alone = alone.compose(
                    previous -> isOutOfPatience(order) ? refuse(List.of(order), NOT_TAKEN) : write(List.of(order)));
        }
        return alone;
    }

    private static Future<Void> refuse(List<Waiting> batch, String detail) {
        Problem problem = Problem.unavailable(detail, RETRY_AFTER);
        batch.forEach(order -> tell(order, Future.failedFuture(problem)));
        return Future.succeededFuture();
    }

    private static void tell(Waiting order, Future<Placed> outcome) {
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

    private boolean isOutOfPatience(Waiting order) {
        return nanoTime.getAsLong() - order.since() > limits.patience().toNanos();
    }
}
