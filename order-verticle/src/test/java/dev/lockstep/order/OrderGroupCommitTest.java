package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.http.Problem;
import dev.lockstep.order.PlaceOrderResult.Accepted;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderLine;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderGroupCommitTest {
    private static final Instant WRITTEN_AT = Instant.parse("2026-01-01T00:00:00Z");
    private final PgException badOrder = new PgException("no", "ERROR", "23514", "a constraint");

    private final Database database = new Database();
    private final EventLoop eventLoop = new EventLoop();
    private long nanos;
    private final OrderGroupCommit groupCommit = new OrderGroupCommit(
            new OrderGroupCommit.Limits(2, 3, 5, Duration.ofSeconds(10)),
            database::write,
            eventLoop::later,
            () -> nanos);

    @Test
    void orders_that_arrive_in_one_tick_are_written_together() {
        place("a");
        place("b");
        eventLoop.endTick();

        assertThat(database.writes()).containsExactly(List.of("a", "b"));
    }

    @Test
    void an_order_is_answered_only_when_its_write_is_done() {
        Future<PlaceOrderResult> answer = place("a");
        eventLoop.endTick();
        boolean answeredEarly = answer.isComplete();

        database.finish(0);

        assertThat(answeredEarly).isFalse();
        assertThat(answer.result()).isEqualTo(accepted("a"));
    }

    @Test
    void orders_accumulate_for_the_next_write_while_all_writes_are_in_flight() {
        placeInSeparateTick("a");
        placeInSeparateTick("b");
        placeInSeparateTick("c");
        placeInSeparateTick("d");
        List<List<String>> before = List.copyOf(database.writes());

        database.finish(1);

        assertThat(before).containsExactly(List.of("a"), List.of("b"));
        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"), List.of("c", "d"));
    }

    @Test
    void a_write_contains_at_most_one_batch() {
        List.of("a", "b", "c", "d").forEach(this::place);
        eventLoop.endTick();

        assertThat(database.writes()).containsExactly(List.of("a", "b", "c"), List.of("d"));
    }

    @Test
    void an_order_beyond_the_queue_limit_is_rejected_and_the_others_are_not() {
        List<Future<PlaceOrderResult>> answers = List.of(place("a"), place("b"), place("c"), place("d"), place("e"));

        Future<PlaceOrderResult> oneTooMany = place("f");

        assertThat(oneTooMany.cause())
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(503));
        assertThat(answers).noneMatch(Future::isComplete);
    }

    @Test
    void an_invalid_order_fails_alone() {
        Future<PlaceOrderResult> good = place("a");
        Future<PlaceOrderResult> bad = place("bad");
        Future<PlaceOrderResult> alsoGood = place("c");
        eventLoop.endTick();

        database.fail(0, badOrder);
        database.finish(1);
        database.fail(2, badOrder);
        database.finish(3);

        assertThat(database.writes())
                .containsExactly(List.of("a", "bad", "c"), List.of("a"), List.of("bad"), List.of("c"));
        assertThat(good.result()).isEqualTo(accepted("a"));
        assertThat(bad.cause()).isSameAs(badOrder);
        assertThat(alsoGood.result()).isEqualTo(accepted("c"));
    }

    @Test
    void orders_are_not_retried_one_by_one_while_the_database_is_unavailable() {
        Future<PlaceOrderResult> first = place("a");
        Future<PlaceOrderResult> second = place("b");
        eventLoop.endTick();

        database.fail(0, new IOException("connection refused"));

        assertThat(database.writes()).hasSize(1);
        assertThat(List.of(first, second))
                .allSatisfy(answer -> assertThat(answer.cause()).isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.status()).isEqualTo(503);
                    assertThat(problem.retryAfter()).contains(Duration.ofSeconds(1));
                }));
    }

    @ParameterizedTest
    @ValueSource(strings = {"08006", "25006", "28P01", "3D000", "53100", "53300", "57P01", "57P03", "58030"})
    void an_order_that_the_database_rejected_fails_with_503_as_not_accepted(String sqlState) {
        Future<PlaceOrderResult> answer = place("a");
        eventLoop.endTick();

        database.fail(0, new PgException("no", "FATAL", sqlState, ""));

        assertThat(answer.cause()).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(503);
            assertThat(problem.retryAfter()).contains(Duration.ofSeconds(1));
            assertThat(problem.detail()).contains("was not accepted").doesNotContain("known");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"40001", "40P01", "55P03", "57014"})
    void orders_of_a_write_that_met_another_transaction_are_retried_alone(String sqlState) {
        // Given
        PgException conflict = new PgException("no", "ERROR", sqlState, "");
        Future<PlaceOrderResult> free = place("a");
        Future<PlaceOrderResult> blocked = place("b");
        eventLoop.endTick();

        // When
        database.fail(0, conflict);
        database.finish(1);
        database.fail(2, conflict);

        // Then
        assertThat(database.writes()).containsExactly(List.of("a", "b"), List.of("a"), List.of("b"));
        assertThat(free.result()).isEqualTo(accepted("a"));
        // The problem handler answers this failure with 503 on every route.
        assertThat(blocked.cause()).isSameAs(conflict);
    }

    @Test
    void an_order_whose_commit_was_not_answered_fails_with_unknown_outcome() {
        Future<PlaceOrderResult> answer = place("a");
        eventLoop.endTick();

        database.fail(0, new OutcomeUnknownException(ClosedConnectionException.INSTANCE));

        assertThat(answer.cause()).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(503);
            assertThat(problem.detail()).contains("It is unknown whether the order was accepted");
        });
    }

    @Test
    void after_a_failure_the_next_order_is_written() {
        place("a");
        eventLoop.endTick();
        database.fail(0, new IOException("connection refused"));

        placeInSeparateTick("b");

        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"));
    }

    @Test
    void an_order_that_waited_too_long_is_rejected_instead_of_written() {
        placeInSeparateTick("a");
        placeInSeparateTick("b");
        Future<PlaceOrderResult> late = place("c");
        nanos = Duration.ofSeconds(11).toNanos();
        Future<PlaceOrderResult> inTime = place("d");

        database.finish(0);
        database.finish(2);

        assertThat(late.cause())
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(503));
        assertThat(inTime.result()).isEqualTo(accepted("d"));
        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"), List.of("d"));
    }

    @Test
    void a_failing_result_handler_does_not_affect_other_results() {
        place("a").onSuccess(placed -> {
            throw new IllegalStateException("the connection is closed");
        });
        Future<PlaceOrderResult> other = place("b");
        eventLoop.endTick();

        database.finish(0);
        placeInSeparateTick("c");

        assertThat(other.result()).isEqualTo(accepted("b"));
        assertThat(database.writes()).containsExactly(List.of("a", "b"), List.of("c"));
    }

    @Test
    void a_write_that_throws_counts_as_failed() {
        IllegalArgumentException mistake = new IllegalArgumentException("a mistake");
        OrderGroupCommit failing = new OrderGroupCommit(
                new OrderGroupCommit.Limits(1, 1, 5, Duration.ofSeconds(10)),
                batch -> {
                    throw mistake;
                },
                eventLoop::later,
                () -> nanos);
        Future<PlaceOrderResult> first = failing.place(
                new PlaceOrder(order("a"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null));
        Future<PlaceOrderResult> second = failing.place(
                new PlaceOrder(order("b"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null));

        eventLoop.endTick();

        assertThat(first.cause()).isSameAs(mistake);
        assertThat(second.cause()).isSameAs(mistake);
    }

    @Test
    void an_order_whose_write_hangs_is_rejected_and_the_next_is_written() {
        OrderGroupCommit withShortTimeout = new OrderGroupCommit(
                new OrderGroupCommit.Limits(1, 1, 5, Duration.ofMillis(20)),
                database::write,
                eventLoop::later,
                () -> nanos);
        Future<PlaceOrderResult> stuck = withShortTimeout.place(
                new PlaceOrder(order("a"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null));
        withShortTimeout.place(
                new PlaceOrder(order("b"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null));

        eventLoop.endTick();
        await().until(stuck::isComplete);
        await().until(() -> database.writes().size() == 2);

        assertThat(stuck.cause())
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(503));
        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"));
    }

    @Test
    @ExtendWith(VertxExtension.class)
    void after_a_hanging_write_the_next_one_runs_on_the_event_loop(Vertx vertx) throws InterruptedException {
        Context context = vertx.getOrCreateContext();
        BlockingQueue<Thread> writers = new LinkedBlockingQueue<>();
        OrderGroupCommit withShortTimeout = new OrderGroupCommit(
                new OrderGroupCommit.Limits(1, 1, 5, Duration.ofMillis(20)),
                placements -> {
                    writers.add(Thread.currentThread());
                    return vertx.timer(1, TimeUnit.DAYS).map(List.of());
                },
                task -> context.runOnContext(tick -> task.run()),
                () -> nanos);

        context.runOnContext(start -> {
            withShortTimeout.place(
                    new PlaceOrder(order("a"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null));
            withShortTimeout.place(
                    new PlaceOrder(order("b"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null));
        });

        Thread first = writers.poll(10, TimeUnit.SECONDS);
        assertThat(writers.poll(10, TimeUnit.SECONDS)).isNotNull().isEqualTo(first);
    }

    private void placeInSeparateTick(String userId) {
        place(userId);
        eventLoop.endTick();
    }

    private Future<PlaceOrderResult> place(String userId) {
        return groupCommit.place(
                new PlaceOrder(order(userId), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", null));
    }

    private static NewOrder order(String userId) {
        return new NewOrder(new OrderId(new UUID(0x7000, userId.hashCode())), userId, List.of(new OrderLine("p1", 1)));
    }

    private static PlaceOrderResult accepted(String userId) {
        return new Accepted(order(userId).placedAt(WRITTEN_AT));
    }

    /** Completes writes on request. */
    private static final class Database {
        private final List<List<PlaceOrder>> batches = new ArrayList<>();
        private final List<Promise<List<PlaceOrderResult>>> outcomes = new ArrayList<>();

        Future<List<PlaceOrderResult>> write(List<PlaceOrder> batch) {
            Promise<List<PlaceOrderResult>> outcome = Promise.promise();
            batches.add(batch);
            outcomes.add(outcome);
            return outcome.future();
        }

        void finish(int write) {
            outcomes.get(write)
                    .complete(batches.get(write).stream()
                            .map(placement -> accepted(placement.order().userId()))
                            .toList());
        }

        void fail(int write, Throwable cause) {
            outcomes.get(write).fail(cause);
        }

        List<List<String>> writes() {
            return batches.stream()
                    .map(batch -> batch.stream()
                            .map(placement -> placement.order().userId())
                            .toList())
                    .toList();
        }
    }

    /** Runs queued tasks when the test ends the tick. */
    private static final class EventLoop {
        private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

        void later(Runnable task) {
            tasks.add(task);
        }

        void endTick() {
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
        }
    }
}
