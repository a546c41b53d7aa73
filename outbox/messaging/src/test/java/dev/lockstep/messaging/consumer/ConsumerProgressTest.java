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
    void a_batch_that_is_tried_again_names_its_place_its_time_and_its_reason() {
        progress.begins(Map.of(PARTITION, 17L));
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no disk"));
        pass(40);
        progress.begins(Map.of(PARTITION, 17L));
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no room"));
        pass(2);

        assertThat(progress.problem())
                .isEqualTo(
                        "cannot apply topic order.created partition 2 from offset 17, for 42 s now, and keeps trying:"
                                + " no room");
    }

    @Test
    void a_batch_that_takes_long_names_its_place_before_it_fails() {
        progress.begins(Map.of(PARTITION, 17L));
        pass(5);
        assertThat(progress.problem()).isNull();
        pass(7);

        assertThat(progress.problem())
                .isEqualTo("has been applying topic order.created partition 2 from offset 17 for 12 s");
    }

    @Test
    void once_it_is_applied_or_somebody_elses_all_is_well() {
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
        progress.succeeded();
        assertThat(progress.problem()).isNull();

        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
        progress.revoked(List.of(PARTITION));
        assertThat(progress.problem()).isNull();
    }

    @Test
    void parked_messages_and_a_batch_say_nothing_of_each_other() {
        progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
        progress.parkedFailed(new IllegalStateException("no"));
        progress.parkedTried();
        assertThat(progress.problem()).contains("order.created");

        progress.parkedFailed(new IllegalStateException("no"));
        progress.succeeded();
        assertThat(progress.problem()).startsWith("cannot apply its parked messages, for 0 s");
        progress.revoked(List.of(PARTITION));
        assertThat(progress.problem()).startsWith("cannot apply its parked messages, for 0 s");
        progress.parkedTried();
        assertThat(progress.problem()).isNull();
    }

    @Test
    void a_batch_that_fails_for_hours_is_no_stall_as_long_as_the_thread_goes_on() {
        for (int i = 0; i < 1_000; i++) {
            progress.failed(Map.of(PARTITION, 17L), new IllegalStateException("no"));
            pass(60);
            progress.step();
        }

        assertThat(progress.stall()).isEmpty();
    }

    @Test
    void a_thread_that_does_nothing_any_more_is_stalled_and_says_at_what() {
        progress.step();
        progress.begins(Map.of(PARTITION, 17L));
        pass(301);

        assertThat(progress.stall())
                .contains(
                        "its thread has made no progress for 301 s, while applying topic order.created partition 2 from"
                                + " offset 17");
    }

    @Test
    void a_thread_that_has_ended_is_stalled_at_once() {
        progress.ended();

        assertThat(progress.stall()).contains("its thread has ended");
    }

    private void pass(long seconds) {
        nanos += Duration.ofSeconds(seconds).toNanos();
    }
}
