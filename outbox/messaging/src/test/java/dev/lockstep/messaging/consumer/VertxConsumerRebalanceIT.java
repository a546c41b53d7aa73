package dev.lockstep.messaging.consumer;

import static dev.lockstep.messaging.consumer.VertxConsumers.kafkas;
import static dev.lockstep.messaging.consumer.VertxConsumers.poll;
import static dev.lockstep.messaging.consumer.VertxConsumers.read;
import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.TestKafka;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.kafka.client.common.TopicPartition;
import io.vertx.kafka.client.consumer.KafkaConsumer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Shows what happens in a rebalance if a consumer polls with the {@link KafkaConsumer} of Vert.x instead of Kafka's own client. Kafka calls
 * its listener inside the poll; Vert.x calls the handlers later, on the event loop, and executes what they request after the poll. Decision
 * 4 draws the conclusions.
 */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(240)
class VertxConsumerRebalanceIT {
    @RegisterExtension
    final VertxConsumers consumers = new VertxConsumers();

    @Nested
    class when_a_partition_moves_to_another_member {
        // The assignor gives partition 0 to the first member by name, and partition 1 to the second one.
        private final KafkaConsumer<byte[], byte[]> before = consumers.member("a");
        private final KafkaConsumer<byte[], byte[]> after = consumers.member("b");
        private final Promise<Void> committed = Promise.promise();

        @Test
        void the_new_owner_reads_the_same_records_again_before_the_revoke_handler_has_committed() {
            before.partitionsRevokedHandler(
                    revoked -> consumers.commit(before, 1).onComplete(committed));
            await(before.subscribe(consumers.topic));
            consumers.send(1);
            assertThat(read(before)).containsExactly("1@0");
            poll(before);

            await(after.subscribe(consumers.topic));
            List<String> readByNewOwner = read(after);

            assertThat(readByNewOwner).containsExactly("1@0");
            assertThat(committed.future().isComplete()).isFalse();
        }

        @Test
        void the_late_commit_moves_the_committed_offset_of_the_new_owner_back() {
            before.partitionsRevokedHandler(
                    revoked -> consumers.commit(before, 1).onComplete(committed));
            await(before.subscribe(consumers.topic));
            consumers.send(1);
            assertThat(read(before)).containsExactly("1@0");
            Future<List<String>> next = poll(before);
            await(after.subscribe(consumers.topic));
            assertThat(read(after)).containsExactly("1@0");
            consumers.send(1);
            assertThat(read(after)).containsExactly("1@1");
            await(consumers.commit(after, 2));
            assertThat(consumers.committedOffset()).isEqualTo(2);

            // Ends the poll that the commit is waiting for.
            consumers.send(0);
            assertThat(await(next)).containsExactly("0@0");
            await(committed.future());

            assertThat(consumers.committedOffset()).isEqualTo(1);
        }

        @Test
        void a_commit_before_the_next_poll_is_in_time() {
            await(before.subscribe(consumers.topic));
            consumers.send(1);
            assertThat(read(before)).containsExactly("1@0");
            await(consumers.commit(before, 1));
            poll(before);

            assertThat(firstReadByNewOwner()).containsExactly("1@1");
        }

        @Test
        void a_listener_of_kafkas_own_client_commits_in_time() {
            before.unwrap()
                    .subscribe(
                            Set.of(consumers.topic),
                            onRevoke(() -> before.unwrap()
                                    .commitSync(Map.of(kafkas(consumers.partition1), new OffsetAndMetadata(1)))));
            // The worker thread, without which a poll fails, is started by the first other call.
            await(before.assignment());
            consumers.send(1);
            assertThat(read(before)).containsExactly("1@0");
            poll(before);

            assertThat(firstReadByNewOwner()).containsExactly("1@1");
            assertThat(consumers.committedOffset()).isEqualTo(1);
        }

        /** Lets the new owner join, and sends a second record once the partition belongs to it. */
        private List<String> firstReadByNewOwner() {
            Promise<Set<TopicPartition>> assigned = Promise.promise();
            after.partitionsAssignedHandler(assigned::tryComplete);
            await(after.subscribe(consumers.topic));
            Future<List<String>> read = poll(after);
            assertThat(await(assigned.future())).containsExactly(consumers.partition1);
            consumers.send(1);
            return await(read);
        }

        private static ConsumerRebalanceListener onRevoke(Runnable commit) {
            return new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsRevoked(Collection<org.apache.kafka.common.TopicPartition> partitions) {
                    if (!partitions.isEmpty()) {
                        commit.run();
                    }
                }

                @Override
                public void onPartitionsAssigned(Collection<org.apache.kafka.common.TopicPartition> partitions) {}
            };
        }
    }

    @Test
    void a_lost_partition_is_reported_as_revoked() {
        Promise<Collection<org.apache.kafka.common.TopicPartition>> lost = Promise.promise();
        Promise<Set<TopicPartition>> revoked = Promise.promise();
        KafkaConsumer<byte[], byte[]> consumer = consumers.member(KafkaConsumer.create(
                consumers.vertx,
                new org.apache.kafka.clients.consumer.KafkaConsumer<byte[], byte[]>(
                        new HashMap<>(consumers.properties("a", Map.of()))) {
                    @Override
                    public void subscribe(Collection<String> topics, ConsumerRebalanceListener listener) {
                        super.subscribe(topics, withoutRevocations(listener, lost));
                    }
                }));
        consumer.partitionsRevokedHandler(revoked::tryComplete);
        consumers.subscribeAndPoll(consumer);

        TestKafka.await(consumers
                .admin
                .removeMembersFromConsumerGroup(consumers.group, new RemoveMembersFromConsumerGroupOptions())
                .all());

        assertThat(await(lost.future())).hasSize(2);
        assertThat(await(revoked.future())).containsExactlyInAnyOrder(consumers.partition0, consumers.partition1);
    }

    private static ConsumerRebalanceListener withoutRevocations(
            ConsumerRebalanceListener listener, Promise<Collection<org.apache.kafka.common.TopicPartition>> lost) {
        return new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<org.apache.kafka.common.TopicPartition> partitions) {}

            @Override
            public void onPartitionsAssigned(Collection<org.apache.kafka.common.TopicPartition> partitions) {
                listener.onPartitionsAssigned(partitions);
            }

            @Override
            public void onPartitionsLost(Collection<org.apache.kafka.common.TopicPartition> partitions) {
                lost.tryComplete(List.copyOf(partitions));
                listener.onPartitionsLost(partitions);
            }
        };
    }

    @Test
    void a_partition_is_read_before_the_assigned_handler_can_pause_it() {
        consumers.send(0);
        KafkaConsumer<byte[], byte[]> consumer = consumers.member("a");
        Promise<Void> paused = Promise.promise();
        consumer.partitionsAssignedHandler(assigned -> consumer.pause(assigned).onComplete(paused));
        await(consumer.subscribe(consumers.topic));

        assertThat(read(consumer)).containsExactly("0@0");
        await(paused.future());
    }
}
