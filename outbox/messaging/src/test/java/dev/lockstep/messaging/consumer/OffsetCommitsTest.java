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

/** With Kafka's own stand-in for its client, as a broker cannot be told which commit to refuse. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class OffsetCommitsTest {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    private final Commits consumer = new Commits();
    private final OffsetCommits offsets = new OffsetCommits(consumer, "g");

    @Test
    void a_commit_that_failed_is_sent_again_though_nothing_new_was_applied() {
        offsets.add(Map.of(PARTITION, 10L));
        offsets.commitSoon();
        consumer.fail(0);

        offsets.commitSoon();

        assertThat(consumer.sent).containsExactly(at(10), at(10));
    }

    @Test
    void a_commit_that_failed_does_not_take_back_a_newer_one() {
        offsets.add(Map.of(PARTITION, 10L));
        offsets.commitSoon();
        offsets.add(Map.of(PARTITION, 20L));
        offsets.commitSoon();
        consumer.fail(0);

        assertThat(offsets.isAny()).isFalse();
        consumer.fail(1);
        offsets.commitSoon();
        assertThat(consumer.sent).endsWith(at(20));
    }

    @Test
    void what_could_not_be_committed_before_going_on_is_committed_later() {
        offsets.add(Map.of(PARTITION, 10L));
        consumer.away = true;
        offsets.commitNow();
        consumer.away = false;

        offsets.commitSoon();

        assertThat(consumer.sent).containsExactly(at(10));
    }

    @Test
    void a_partition_that_has_gone_is_left_to_whoever_has_it_now() {
        offsets.add(Map.of(PARTITION, 10L));
        offsets.commitSoon();
        offsets.forget(List.of(PARTITION));

        consumer.fail(0);

        assertThat(offsets.isAny()).isFalse();
    }

    private static Map<TopicPartition, OffsetAndMetadata> at(long offset) {
        return Map.of(PARTITION, new OffsetAndMetadata(offset));
    }

    private static final class Commits extends MockConsumer<byte[], byte[]> {
        final List<Map<TopicPartition, OffsetAndMetadata>> sent = new ArrayList<>();
        private final List<OffsetCommitCallback> callbacks = new ArrayList<>();
        boolean away;

        Commits() {
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
            if (away) {
                throw new TimeoutException("nobody answers");
            }
            sent.add(offsets);
        }

        void fail(int commit) {
            callbacks.get(commit).onComplete(sent.get(commit), new RetriableCommitFailedException("nobody answers"));
        }
    }
}
