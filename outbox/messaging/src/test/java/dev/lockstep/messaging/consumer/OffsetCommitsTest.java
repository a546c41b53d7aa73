package dev.lockstep.messaging.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.RetriableCommitFailedException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** Uses Kafka's mock consumer, because a real broker cannot be made to refuse a particular commit. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class OffsetCommitsTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    private final RecordingConsumer consumer = new RecordingConsumer();
    private final OffsetCommits offsets = new OffsetCommits(consumer, "g");

    @Test
    void a_failed_commit_is_retried_without_new_offsets() {
        offsets.add(Map.of(PARTITION, 10L));
        offsets.commitAsync();
        consumer.fail(0);

        offsets.commitAsync();

        assertThat(consumer.sent).containsExactly(at(10), at(10));
    }

    @Test
    void a_failed_commit_does_not_overwrite_a_newer_one() {
        offsets.add(Map.of(PARTITION, 10L));
        offsets.commitAsync();
        offsets.add(Map.of(PARTITION, 20L));
        offsets.commitAsync();
        consumer.fail(0);

        assertThat(offsets.hasUncommitted()).isFalse();
        consumer.fail(1);
        offsets.commitAsync();
        assertThat(consumer.sent).endsWith(at(20));
    }

    @Test
    void offsets_of_a_failed_synchronous_commit_are_committed_later() {
        offsets.add(Map.of(PARTITION, 10L));
        consumer.unavailable = true;
        offsets.commitSync();
        consumer.unavailable = false;

        offsets.commitAsync();

        assertThat(consumer.sent).containsExactly(at(10));
    }

    @Test
    void offsets_of_a_revoked_partition_are_not_committed() {
        offsets.add(Map.of(PARTITION, 10L));
        offsets.commitAsync();
        offsets.forget(List.of(PARTITION));

        consumer.fail(0);

        assertThat(offsets.hasUncommitted()).isFalse();
    }

    private static Map<TopicPartition, OffsetAndMetadata> at(long offset) {
        return Map.of(PARTITION, new OffsetAndMetadata(offset));
    }

    private static final class RecordingConsumer extends MockConsumer<byte[], byte[]> {
        final List<Map<TopicPartition, OffsetAndMetadata>> sent = new ArrayList<>();
        private final List<OffsetCommitCallback> callbacks = new ArrayList<>();
        boolean unavailable;

        RecordingConsumer() {
            super("none");
        }

        @Override
        public synchronized void commitAsync(
                Map<TopicPartition, OffsetAndMetadata> offsets, @Nullable OffsetCommitCallback callback) {
            sent.add(offsets);
            callbacks.add(callback);
        }

        @Override
        public synchronized void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
            if (unavailable) {
                throw new TimeoutException("no response");
            }
            sent.add(offsets);
        }

        void fail(int commit) {
            callbacks.get(commit).onComplete(sent.get(commit), new RetriableCommitFailedException("no response"));
        }
    }
}
