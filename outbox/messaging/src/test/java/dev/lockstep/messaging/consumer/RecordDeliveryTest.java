package dev.lockstep.messaging.consumer;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.lockstep.messaging.delivery.BatchProcessor;
import dev.lockstep.messaging.delivery.ConsumerOptions;
import dev.lockstep.messaging.delivery.MessageCodec;
import dev.lockstep.messaging.delivery.RetriedPartitions;
import dev.lockstep.messaging.schedule.Backoff;
import dev.lockstep.messaging.tracing.Telemetry;
import dev.lockstep.messaging.transaction.BoundedTransactions;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Nothing listens at the address of the database. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RecordDeliveryTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    record Hello(String name) {}

    private final Vertx vertx = Vertx.vertx();
    private final Pool pool = PgBuilder.pool()
            .connectingTo(new PgConnectOptions().setHost("127.0.0.1").setPort(9).setUser("lockstep"))
            .using(vertx)
            .build();
    private final ConsumerProgress progress =
            new ConsumerProgress(System::nanoTime, Duration.ofMinutes(5).toNanos());
    private final OffsetCommits offsets = new OffsetCommits(new MockConsumer<>("none"), "g");
    private final RecordDelivery delivery = new RecordDelivery(
            "g",
            new BatchProcessor<>(
                    new BoundedTransactions(vertx, pool),
                    new ConsumerOptions(
                            "g",
                            List.of("t"),
                            Map.of(),
                            100,
                            new ConsumerOptions.Retries(3, new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1))),
                            Duration.ofDays(7),
                            new ConsumerOptions.Gaps(Duration.ofSeconds(1), Duration.ofSeconds(20))),
                    MessageCodec.of(Hello.class),
                    (tx, messages) -> Future.succeededFuture(),
                    Telemetry.of(new SimpleMeterRegistry())),
            new CrashLoopDetector(new NoCounts()),
            new EventLoopBridge(vertx.getOrCreateContext(), progress::step),
            progress);
    private final Logger logger = (Logger) LoggerFactory.getLogger(RecordDelivery.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    @BeforeEach
    void open() {
        logged.start();
        logger.addAppender(logged);
    }

    @AfterEach
    void close() {
        logger.detachAppender(logged);
        await(pool.close());
        await(vertx.close());
    }

    @Test
    void a_batch_that_fails_is_reported_until_it_is_revoked_and_delivery_pauses_longer_each_time()
            throws InterruptedException {
        PolledBatch batch = new PolledBatch(new ConsumerRecords<>(
                Map.of(PARTITION, List.of(new ConsumerRecord<>("t", 0, 17, new byte[0], new byte[0]))), Map.of()));

        assertThat(delivery.deliver(batch, offsets)).isFalse();
        assertThat(delivery.deliver(batch, offsets)).isFalse();

        assertThat(batch.rest().nextOffsets()).containsOnly(Map.entry(PARTITION, 17L));
        assertThat(progress.problem()).startsWith("cannot apply topic t partition 0 from offset 17");
        assertThat(logged.list).extracting(ILoggingEvent::getMessage).containsOnly("failed to apply a batch, retrying");
        assertThat(logged.list)
                .extracting(event -> event.getKeyValuePairs().getLast().value)
                .containsExactly(100L, 200L);

        delivery.forget(List.of(PARTITION));
        assertThat(progress.problem()).isNull();
    }

    @Test
    void parked_messages_that_cannot_be_retried_are_reported_as_such() {
        await().until(() -> {
            delivery.retryParkedIfDue(() -> RetriedPartitions.of(List.of(PARTITION), List.of()));
            return progress.problem() != null;
        });

        assertThat(progress.problem()).startsWith("cannot apply parked messages");
        assertThat(delivery.pauseLeft()).isLessThanOrEqualTo(Duration.ofMillis(100));
        assertThat(logged.list)
                .extracting(ILoggingEvent::getMessage)
                .containsExactly("failed to retry parked messages, retrying");
    }

    private static final class NoCounts implements CrashLoopDetector.StartCounts {
        @Override
        public Map<TopicPartition, Integer> count(Map<TopicPartition, Long> firstOffsets) {
            return Map.of();
        }

        @Override
        public void undo(Map<TopicPartition, Long> firstOffsets) {}

        @Override
        public void clear(Map<TopicPartition, Long> firstOffsets) {}
    }
}
