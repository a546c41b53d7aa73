package dev.lockstep.messaging.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ConsumerProgressTest {
    private static final TopicPartition PARTITION = new TopicPartition("order.created", 2);

    private long nanos = 1;
    private final ConsumerProgress progress =
            new ConsumerProgress(() -> nanos, Duration.ofMinutes(5).toNanos());

    @Test
    void a_retried_batch_is_reported_with_position_duration_and_reason() {
        progress.attemptStarted(Map.of(PARTITION, 17L));
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no disk"));
        pass(40);
        progress.attemptStarted(Map.of(PARTITION, 17L));
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no room"));
        pass(2);

        assertThat(progress.problem())
                .isEqualTo(
                        "cannot apply topic order.created partition 2 from offset 17 for 42 s, retrying:" + " no room");
    }

    @Test
    void a_slow_batch_is_reported_with_its_position_before_it_fails() {
        progress.attemptStarted(Map.of(PARTITION, 17L));
        pass(5);
        assertThat(progress.problem()).isNull();
        pass(7);

        assertThat(progress.problem())
                .isEqualTo("has been applying topic order.created partition 2 from offset 17 for 12 s");
    }

    @Test
    void the_problem_clears_once_the_batch_is_applied_or_the_partition_is_revoked() {
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
        progress.succeeded();
        assertThat(progress.problem()).isNull();

        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
        progress.revoked(List.of(PARTITION));
        assertThat(progress.problem()).isNull();
    }

    @Test
    void progress_of_parked_messages_and_of_a_batch_is_independent() {
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
        progress.parkedFailed(new IllegalStateException("no"));
        progress.parkedRetried();
        assertThat(progress.problem()).contains("order.created");

        progress.parkedFailed(new IllegalStateException("no"));
        progress.succeeded();
        assertThat(progress.problem()).startsWith("cannot apply parked messages for 0 s");
        progress.revoked(List.of(PARTITION));
        assertThat(progress.problem()).startsWith("cannot apply parked messages for 0 s");
        progress.parkedRetried();
        assertThat(progress.problem()).isNull();
    }

    @Test
    void a_batch_that_fails_for_hours_is_not_a_stall_while_the_thread_makes_progress() {
        for (int i = 0; i < 1_000; i++) {
            progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
            pass(60);
            progress.step();
        }

        assertThat(progress.stall()).isEmpty();
    }

    @Test
    void a_reported_problem_is_shown_until_a_batch_is_applied_and_a_failing_batch_comes_first() {
        progress.report("has not joined its group yet");
        assertThat(progress.problem()).isEqualTo("has not joined its group yet");

        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
        assertThat(progress.problem()).startsWith("cannot apply");

        progress.succeeded();
        assertThat(progress.problem()).isNull();
    }

    @Test
    void a_thread_without_progress_is_stalled_and_names_its_batch() {
        progress.step();
        progress.attemptStarted(Map.of(PARTITION, 17L));
        pass(301);

        assertThat(progress.stall())
                .contains("the consumer thread has made no progress for 301 s, while applying topic order.created"
                        + " partition 2 from offset 17");
    }

    @Test
    void a_thread_that_has_ended_is_stalled_at_once() {
        progress.threadEnded();

        assertThat(progress.stall()).contains("the consumer thread has ended");
    }

    private void pass(long seconds) {
        nanos += Duration.ofSeconds(seconds).toNanos();
    }
}
