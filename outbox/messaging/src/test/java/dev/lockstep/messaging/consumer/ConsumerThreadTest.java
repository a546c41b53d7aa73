package dev.lockstep.messaging.consumer;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.messaging.consumer.ConsumerThread.ClientLoop;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Uses Kafka's mock consumer, because a real one cannot be made to close slowly. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ConsumerThreadTest {
    private final Vertx vertx = Vertx.vertx();
    private final ConsumerProgress progress =
            new ConsumerProgress(System::nanoTime, Duration.ofMinutes(5).toNanos());
    private final AtomicInteger released = new AtomicInteger();
    private final List<RecordingClient> clients = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        await(vertx.close());
    }

    @Test
    void every_stop_completes_when_the_client_is_closed() throws InterruptedException {
        ConsumerThread thread = thread(ConsumerThreadTest::untilWokenUp);
        thread.start();
        await().until(() -> !clients.isEmpty());
        RecordingClient client = clients.getFirst();
        client.keepOpen();

        Future<Void> first = thread.stop();
        client.closing.await();
        Future<Void> second = thread.stop();
        assertThat(first.isComplete()).isFalse();
        assertThat(second.isComplete()).isFalse();
        client.mayClose.countDown();

        await(first);
        await(second);
        await(thread.stop());
        assertThat(released).hasValue(1);
        assertThat(progress.problem()).isEqualTo("has stopped");
        assertThat(progress.stall()).contains("the consumer thread has ended");
    }

    @Test
    void closing_the_client_has_a_time_limit_below_kafkas_default() {
        ConsumerThread thread = thread(ConsumerThreadTest::untilWokenUp);
        thread.start();
        await().until(() -> !clients.isEmpty());

        await(thread.stop());

        assertThat(clients)
                .singleElement()
                .satisfies(client -> assertThat(client.closedWithin).containsExactly(Duration.ofSeconds(5)));
    }

    @Test
    void a_thread_that_was_never_started_stops_at_once() {
        await(thread(ConsumerThreadTest::untilWokenUp).stop());

        assertThat(released).hasValue(1);
        assertThat(clients).isEmpty();
    }

    @Test
    void a_client_that_fails_is_closed_and_replaced() {
        ConsumerThread thread = thread(client -> clients.size() == 1
                ? ending -> {
                    throw new IllegalStateException("not authorized");
                }
                : untilWokenUp(client));
        thread.start();

        await().until(() -> "cannot consume: not authorized".equals(progress.problem()));
        await().until(() -> clients.size() == 2);

        assertThat(clients.getFirst().closedWithin).hasSize(1);
        await(thread.stop());
        assertThat(clients).hasSize(2);
    }

    private ConsumerThread thread(Function<Consumer<byte[], byte[]>, ClientLoop> loops) {
        return new ConsumerThread(
                vertx.getOrCreateContext(),
                "g",
                () -> {
                    RecordingClient client = new RecordingClient();
                    clients.add(client);
                    return client;
                },
                loops,
                progress,
                released::incrementAndGet);
    }

    private static ClientLoop untilWokenUp(Consumer<byte[], byte[]> client) {
        return ending -> {
            while (!ending.getAsBoolean()) {
                ((RecordingClient) client).wokenUp.await();
            }
        };
    }

    private static final class RecordingClient extends MockConsumer<byte[], byte[]> {
        final CountDownLatch wokenUp = new CountDownLatch(1);
        final CountDownLatch closing = new CountDownLatch(1);
        final List<Duration> closedWithin = new CopyOnWriteArrayList<>();
        volatile CountDownLatch mayClose = new CountDownLatch(0);

        RecordingClient() {
            super("none");
        }

        void keepOpen() {
            mayClose = new CountDownLatch(1);
        }

        @Override
        public synchronized void wakeup() {
            wokenUp.countDown();
        }

        @Override
        public void close(CloseOptions options) {
            closedWithin.add(options.timeout().orElseThrow());
            closing.countDown();
            try {
                mayClose.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
