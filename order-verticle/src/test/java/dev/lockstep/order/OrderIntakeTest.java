package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.http.Problem;
import dev.lockstep.order.Placed.Accepted;
import dev.lockstep.order.domain.NewOrder;
import dev.lockstep.order.domain.OrderId;
import dev.lockstep.order.domain.OrderLine;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderIntakeTest {
    private static final Instant WRITTEN_AT = Instant.parse("2026-01-01T00:00:00Z");
    private final PgException badOrder = new PgException("no", "ERROR", "23514", "a constraint");

    private final Database database = new Database();
    private final EventLoop eventLoop = new EventLoop();
    private long nanos;
    private final OrderIntake intake = new OrderIntake(
            new OrderIntake.Limits(2, 3, 5, Duration.ofSeconds(10)), database::write, eventLoop::later, () -> nanos);

    @Test
    void orders_that_arrive_in_one_tick_are_written_together() {
        // When
        place("a");
        place("b");
        eventLoop.endTick();

        // Then
        assertThat(database.writes()).containsExactly(List.of("a", "b"));
    }

    @Test
    void an_order_is_answered_only_when_its_write_is_done() {
        // Given
        Future<Placed> answer = place("a");
        eventLoop.endTick();
        boolean answeredEarly = answer.isComplete();

        // When
        database.finish(0);

        // Then
        assertThat(answeredEarly).isFalse();
        assertThat(answer.result()).isEqualTo(accepted("a"));
    }

    @Test
    void while_all_writes_are_in_flight_orders_gather_for_the_next() {
        // Given
        placeInATickOfItsOwn("a");
        placeInATickOfItsOwn("b");
        placeInATickOfItsOwn("c");
        placeInATickOfItsOwn("d");
        List<List<String>> before = List.copyOf(database.writes());

        // When
        database.finish(1);

        // Then
        assertThat(before).containsExactly(List.of("a"), List.of("b"));
        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"), List.of("c", "d"));
    }

    @Test
    void no_write_takes_more_than_a_batch() {
        // When
        List.of("a", "b", "c", "d").forEach(this::place);
        eventLoop.endTick();

        // Then
        assertThat(database.writes()).containsExactly(List.of("a", "b", "c"), List.of("d"));
    }

    @Test
    void an_order_too_many_is_refused_and_the_others_are_not() {
        // Given
        List<Future<Placed>> answers = List.of(place("a"), place("b"), place("c"), place("d"), place("e"));

        // When
        Future<Placed> oneTooMany = place("f");

        // Then
        assertThat(oneTooMany.cause())
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(503));
        assertThat(answers).noneMatch(Future::isComplete);
    }

    @Test
    void a_bad_order_fails_alone() {
        // Given
        Future<Placed> good = place("a");
        Future<Placed> bad = place("bad");
        Future<Placed> alsoGood = place("c");
        eventLoop.endTick();

        // When
        database.fail(0, badOrder);
        database.finish(1);
        database.fail(2, badOrder);
        database.finish(3);

        // Then
        assertThat(database.writes())
                .containsExactly(List.of("a", "bad", "c"), List.of("a"), List.of("bad"), List.of("c"));
        assertThat(good.result()).isEqualTo(accepted("a"));
        assertThat(bad.cause()).isSameAs(badOrder);
        assertThat(alsoGood.result()).isEqualTo(accepted("c"));
    }

    @Test
    void while_the_database_is_away_nothing_is_tried_one_by_one() {
        // Given
        Future<Placed> first = place("a");
        Future<Placed> second = place("b");
        eventLoop.endTick();

        // When
        database.fail(0, new IOException("connection refused"));

        // Then
        assertThat(database.writes()).hasSize(1);
        assertThat(List.of(first, second))
                .allSatisfy(answer -> assertThat(answer.cause()).isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.status()).isEqualTo(503);
                    assertThat(problem.retryAfter()).contains(Duration.ofSeconds(1));
                }));
    }

    @ParameterizedTest
    @ValueSource(strings = {"08006", "25006", "28P01", "3D000", "53100", "53300", "57P01", "57P03", "58030"})
    void an_order_that_the_database_refused_is_503_and_was_not_taken(String sqlState) {
        // Given
        Future<Placed> answer = place("a");
        eventLoop.endTick();

        // When
        database.fail(0, new PgException("no", "FATAL", sqlState, ""));

        // Then
        assertThat(answer.cause()).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(503);
            assertThat(problem.retryAfter()).contains(Duration.ofSeconds(1));
            assertThat(problem.detail()).contains("was not taken").doesNotContain("known");
        });
    }

    @Test
    void an_order_whose_commit_was_not_answered_may_have_been_taken() {
        // Given
        Future<Placed> answer = place("a");
        eventLoop.endTick();

        // When
        database.fail(0, new OutcomeUnknownException(ClosedConnectionException.INSTANCE));

        // Then
        assertThat(answer.cause()).isInstanceOfSatisfying(Problem.class, problem -> {
            assertThat(problem.status()).isEqualTo(503);
            assertThat(problem.detail()).contains("Whether the order was taken is not known");
        });
    }

    @Test
    void after_a_failure_the_next_order_is_written() {
        // Given
        place("a");
        eventLoop.endTick();
        database.fail(0, new IOException("connection refused"));

        // When
        placeInATickOfItsOwn("b");

        // Then
        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"));
    }

    @Test
    void an_order_that_waited_too_long_is_refused_instead_of_written() {
        // Given
        placeInATickOfItsOwn("a");
        placeInATickOfItsOwn("b");
        Future<Placed> late = place("c");
        nanos = Duration.ofSeconds(11).toNanos();
        Future<Placed> inTime = place("d");

        // When
        database.finish(0);
        database.finish(2);

        // Then
        assertThat(late.cause())
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(503));
        assertThat(inTime.result()).isEqualTo(accepted("d"));
        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"), List.of("d"));
    }

    @Test
    void an_answer_that_nobody_can_take_does_not_keep_the_others_from_theirs() {
        // Given
        place("a").onSuccess(placed -> {
            throw new IllegalStateException("the connection is gone");
        });
        Future<Placed> other = place("b");
        eventLoop.endTick();

        // When
        database.finish(0);
        placeInATickOfItsOwn("c");

        // Then
        assertThat(other.result()).isEqualTo(accepted("b"));
        assertThat(database.writes()).containsExactly(List.of("a", "b"), List.of("c"));
    }

    @Test
    void a_write_that_throws_is_a_write_that_fails() {
        // Given
        IllegalArgumentException mistake = new IllegalArgumentException("a mistake");
        OrderIntake broken = new OrderIntake(
                new OrderIntake.Limits(1, 1, 5, Duration.ofSeconds(10)),
                batch -> {
                    throw mistake;
                },
                eventLoop::later,
                () -> nanos);
        Future<Placed> first = broken.place(new Placement(order("a"), "00-1-1-01", null));
        Future<Placed> second = broken.place(new Placement(order("b"), "00-1-1-01", null));

        // When
        eventLoop.endTick();

        // Then
        assertThat(first.cause()).isSameAs(mistake);
        assertThat(second.cause()).isSameAs(mistake);
    }

    @Test
    void an_order_whose_write_never_ends_is_refused_and_the_next_is_written() {
        // Given
        OrderIntake impatient = new OrderIntake(
                new OrderIntake.Limits(1, 1, 5, Duration.ofMillis(20)), database::write, eventLoop::later, () -> nanos);
        Future<Placed> stuck = impatient.place(new Placement(order("a"), "00-1-1-01", null));
        impatient.place(new Placement(order("b"), "00-1-1-01", null));

        // When
        eventLoop.endTick();
        await().until(stuck::isComplete);
        await().until(() -> database.writes().size() == 2);

        // Then
        assertThat(stuck.cause())
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(503));
        assertThat(database.writes()).containsExactly(List.of("a"), List.of("b"));
    }

    @Test
    void after_a_write_that_never_ends_the_next_is_written_on_the_event_loop() throws Exception {
        // Given
        Vertx vertx = Vertx.vertx();
        try {
            Context context = vertx.getOrCreateContext();
            BlockingQueue<Thread> writers = new LinkedBlockingQueue<>();
            OrderIntake impatient = new OrderIntake(
                    new OrderIntake.Limits(1, 1, 5, Duration.ofMillis(20)),
                    placements -> {
                        writers.add(Thread.currentThread());
                        return vertx.timer(1, TimeUnit.DAYS).map(List.of());
                    },
                    task -> context.runOnContext(tick -> task.run()),
                    () -> nanos);

            // When
            context.runOnContext(start -> {
                impatient.place(new Placement(order("a"), "00-1-1-01", null));
                impatient.place(new Placement(order("b"), "00-1-1-01", null));
            });

            // Then
            Thread first = writers.poll(10, TimeUnit.SECONDS);
            assertThat(writers.poll(10, TimeUnit.SECONDS)).isNotNull().isEqualTo(first);
        } finally {
            vertx.close().await(10, TimeUnit.SECONDS);
        }
    }

    private void placeInATickOfItsOwn(String userId) {
        place(userId);
        eventLoop.endTick();
    }

    private Future<Placed> place(String userId) {
        return intake.place(new Placement(order(userId), "00-1-1-01", null));
    }

    private static NewOrder order(String userId) {
        return new NewOrder(new OrderId(new UUID(0x7000, userId.hashCode())), userId, List.of(new OrderLine("p1", 1)));
    }

    private static Placed accepted(String userId) {
        return new Accepted(order(userId).placedAt(WRITTEN_AT));
    }

    /** Writes when it is told to. */
    private static final class Database {
        private final List<List<Placement>> batches = new ArrayList<>();
        private final List<Promise<List<Placed>>> outcomes = new ArrayList<>();

        Future<List<Placed>> write(List<Placement> batch) {
            Promise<List<Placed>> outcome = Promise.promise();
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

    /** Keeps what is to run at the end of the tick until the tick ends. */
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
