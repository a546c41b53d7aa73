package dev.lockstep.messaging.consumer;

import static dev.lockstep.messaging.consumer.VertxConsumers.poll;
import static dev.lockstep.messaging.consumer.VertxConsumers.read;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.testing.TestKafka;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.kafka.client.common.TopicPartition;
import io.vertx.kafka.client.consumer.KafkaConsumer;
import io.vertx.kafka.client.consumer.OffsetAndMetadata;
import java.time.Duration;
import java.util.Collection;
import java.util.ConcurrentModificationException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.admin.MemberDescription;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Shows what a consumer could rely on between and during its polls if it used the {@link KafkaConsumer} of Vert.x instead of Kafka's own
 * client. That client executes one call after another on a worker thread. Decision 4 draws the conclusions.
 */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(240)
class VertxConsumerPollIT {
    @RegisterExtension
    final VertxConsumers consumers = new VertxConsumers();

    private final KafkaConsumer<byte[], byte[]> consumer = consumers.member("a");

    @Nested
    class when_partitions_are_paused {
        @BeforeEach
        void join_the_group() {
            consumers.send(0);
            await(consumer.subscribe(consumers.topic));
            assertThat(read(consumer)).containsExactly("0@0");
        }

        @Test
        void a_pause_between_two_polls_holds_back_one_partition_while_the_others_are_read() {
            await(consumer.pause(consumers.partition0));
            consumers.send(0);
            consumers.send(1);

            assertThat(read(consumer)).containsExactly("1@0");
            await(consumer.resume(consumers.partition0));
            assertThat(read(consumer)).containsExactly("0@1");
        }

        @Test
        void a_pause_during_a_poll_waits_until_the_poll_has_delivered_records() {
            Future<List<String>> next = poll(consumer);
            Future<Void> paused = consumer.pause(consumers.partition0);
            consumers.send(0);

            assertThat(await(next)).containsExactly("0@1");
            await(paused);
        }
    }

    @Nested
    class when_a_poll_is_in_progress {
        private Future<List<String>> polling = Future.failedFuture("not begun");

        @BeforeEach
        void begin_the_poll() {
            polling = consumers.subscribeAndPoll(consumer);
        }

        @Test
        void closing_the_consumer_ends_the_poll_without_records() {
            await(consumer.close());

            assertThat(await(polling)).isEmpty();
        }

        @Test
        void a_commit_that_waits_for_the_poll_is_executed_before_the_consumer_is_closed() {
            Future<Void> committed = consumers.commit(consumer, 1);

            await(consumer.close());

            await(committed);
            assertThat(consumers.committedOffset()).isEqualTo(1);
        }

        @Test
        void a_second_poll_never_completes_if_the_consumer_is_closed() {
            Future<List<String>> second = poll(consumer);

            await(consumer.close());

            // The close was executed after both polls.
            assertThat(await(polling)).isEmpty();
            assertThat(second.isComplete()).isFalse();
        }

        @Test
        void membership_cannot_be_read_and_offsets_cannot_be_committed_asynchronously() {
            assertThatThrownBy(() -> consumer.unwrap().groupMetadata())
                    .isInstanceOf(ConcurrentModificationException.class);
            assertThatThrownBy(() -> consumer.unwrap().commitAsync())
                    .isInstanceOf(ConcurrentModificationException.class);
        }
    }

    @Test
    void reading_a_committed_offset_never_completes_because_kafka_4_has_no_such_method() {
        await(consumer.subscribe(consumers.topic));

        Future<OffsetAndMetadata> committed = consumer.committed(consumers.partition0);

        // Is executed after it on the same thread.
        await(consumer.assignment());
        assertThat(committed.isComplete()).isFalse();
    }

    @Nested
    class when_the_stream_is_used {
        @Test
        void the_next_record_is_delivered_before_the_first_one_has_been_processed() {
            Set<Long> inProgress = ConcurrentHashMap.newKeySet();
            Promise<Void> both = Promise.promise();
            consumer.handler(record -> {
                inProgress.add(record.offset());
                if (inProgress.containsAll(Set.of(0L, 1L))) {
                    both.tryComplete();
                }
            });
            consumers.send(0);
            consumers.send(0);

            await(consumer.subscribe(consumers.topic));

            await(both.future());
        }

        @Test
        void a_member_leaves_its_group_while_the_stream_is_paused() {
            Promise<Set<TopicPartition>> assigned = Promise.promise();
            KafkaConsumer<byte[], byte[]> member = consumers.member("b", Map.of("max.poll.interval.ms", "3000"));
            member.partitionsAssignedHandler(assigned::tryComplete);
            member.handler(record -> {});
            await(member.subscribe(consumers.topic));
            assertThat(await(assigned.future())).hasSize(2);

            member.pause();

            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(members()).isEmpty());
        }

        private Collection<MemberDescription> members() {
            return Objects.requireNonNull(TestKafka.await(consumers
                                    .admin
                                    .describeConsumerGroups(List.of(consumers.group))
                                    .all())
                            .get(consumers.group))
                    .members();
        }
    }
}
