package dev.lockstep.messaging.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class BackoffTest {
    private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(1));

    @Test
    void the_wait_doubles_up_to_the_maximum() {
        assertThat(IntStream.rangeClosed(1, 6)
                        .mapToObj(failures -> backoff.after(failures).toMillis()))
                .containsExactly(100L, 200L, 400L, 800L, 1_000L, 1_000L);
    }

    @Test
    void any_number_of_failures_is_within_the_bounds() {
        assertThat(List.of(0, -1, Integer.MIN_VALUE))
                .allSatisfy(failures -> assertThat(backoff.after(failures)).isEqualTo(backoff.initial()));
        assertThat(backoff.after(Integer.MAX_VALUE)).isEqualTo(backoff.max());
        assertThat(new Backoff(Duration.ofDays(30), Duration.ofDays(365)).after(Integer.MAX_VALUE))
                .isEqualTo(Duration.ofDays(365));
    }

    @Test
    void a_jittered_wait_is_between_half_and_all_of_it_and_varies() {
        List<Duration> waits = IntStream.range(0, 200)
                .mapToObj(any -> backoff.jitteredAfter(3))
                .toList();

        assertThat(waits)
                .allSatisfy(wait -> assertThat(wait).isBetween(Duration.ofMillis(200), Duration.ofMillis(400)));
        assertThat(waits.stream().distinct()).hasSizeGreaterThan(10);
    }
}
