package dev.lockstep.messaging.consumer;

import static dev.lockstep.testing.Futures.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.testing.TestKafka;
import dev.lockstep.testing.TestServers;
import io.vertx.core.Vertx;
import io.vertx.kafka.admin.KafkaAdminClient;
import io.vertx.kafka.admin.ListOffsetsResultInfo;
import io.vertx.kafka.admin.NewTopic;
import io.vertx.kafka.admin.OffsetSpec;
import io.vertx.kafka.client.common.TopicPartition;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Shows which calls of the admin client of Vert.x cannot be used to measure lag, to find the positions of partitions, and to create topics.
 * Decision 4 draws the conclusions.
 */
@DisplayNameGeneration(ReplaceUnderscores.class)
class VertxAdminClientIT {
    @RegisterExtension
    final TestKafka kafka = new TestKafka();

    private final Vertx vertx = Vertx.vertx();
    private final KafkaAdminClient client =
            KafkaAdminClient.create(vertx, Map.of("bootstrap.servers", kafka.bootstrapServers()));
    private final String topic = TestServers.newName("vertx-admin-");

    @AfterEach
    void close() {
        await(client.close());
        await(vertx.close());
    }

    @Test
    void no_topic_is_described_if_one_of_them_is_missing() {
        kafka.createTopic(topic, 1);
        assertThat(await(client.describeTopics(List.of(topic)))).containsOnlyKeys(topic);

        assertThatThrownBy(() -> await(client.describeTopics(List.of(topic, topic + "-missing"))))
                .hasRootCauseInstanceOf(UnknownTopicOrPartitionException.class);
    }

    @Test
    void the_end_of_a_partition_includes_open_transactions() {
        kafka.createTopic(topic, 1);
        org.apache.kafka.common.TopicPartition partition = new org.apache.kafka.common.TopicPartition(topic, 0);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers(), "transactional.id", topic),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            var _ = producer.send(new ProducerRecord<>(topic, new byte[] {1}));
            producer.flush();

            Map<TopicPartition, ListOffsetsResultInfo> ends =
                    await(client.listOffsets(Map.of(new TopicPartition(topic, 0), OffsetSpec.LATEST)));
            long lastStable = TestKafka.await(kafka.admin()
                            .listOffsets(
                                    Map.of(partition, org.apache.kafka.clients.admin.OffsetSpec.latest()),
                                    new ListOffsetsOptions(IsolationLevel.READ_COMMITTED))
                            .partitionResult(partition))
                    .offset();

            assertThat(Objects.requireNonNull(ends.get(new TopicPartition(topic, 0)))
                            .getOffset())
                    .isEqualTo(1);
            assertThat(lastStable).isZero();
        }
    }

    @Test
    void a_topic_cannot_be_created_with_the_default_replication_factor_of_the_cluster() {
        NewTopic newTopic = new NewTopic(topic, 1, (short) -1);

        assertThatThrownBy(() -> client.createTopics(List.of(newTopic))).isInstanceOf(NullPointerException.class);
    }
}
