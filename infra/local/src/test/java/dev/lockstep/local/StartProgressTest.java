package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class StartProgressTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private long now = 17;
    private final StartProgress progress = new StartProgress(() -> now);

    @Test
    void changing_reasons_count_as_progress() {
        for (int minute = 0; minute < 15; minute++) {
            progress.waitingFor("order", "step " + "x".repeat(minute));
            pass(MINUTE);
            assertThat(progress.timeoutReason()).isEmpty();
        }
    }

    @Test
    void a_finished_part_counts_as_progress() {
        progress.waitingFor("order", "its consumer");
        progress.waitingFor("saga", "its consumer");
        pass(MINUTE.multipliedBy(3));
        progress.done("saga");
        pass(MINUTE.multipliedBy(3));

        assertThat(progress.timeoutReason()).isEmpty();
        assertThat(progress.waiting()).containsOnlyKeys("order");
    }

    @Test
    void changing_numbers_do_not_count_as_progress() {
        for (int minute = 0; minute < 5; minute++) {
            progress.waitingFor("order", "the relay is stalled for " + minute * 60 + " s");
            pass(MINUTE);
        }

        assertThat(progress.timeoutReason())
                .hasValueSatisfying(why -> assertThat(why)
                        .contains("no progress for 4 minutes", "order waits for: the relay is stalled for 240 s"));
    }

    @Test
    void there_is_a_total_time_limit() {
        for (int minute = 0; minute < 21; minute++) {
            progress.waitingFor("order", minute % 2 == 0 ? "Kafka" : "Postgres");
            pass(MINUTE);
        }

        assertThat(progress.timeoutReason())
                .hasValueSatisfying(why -> assertThat(why).contains("more than 20 minutes"));
    }

    @Test
    void a_service_says_why_it_is_not_ready() {
        assertThat(ReadinessText.of("""
                {"status":"DOWN","checks":[{"name":"postgres","status":"UP"},
                 {"name":"relay process","status":"DOWN","problem":"the relay of slot orders_outbox is starting"}]}""")).isEqualTo("the relay of slot orders_outbox is starting");
        assertThat(ReadinessText.of("no JSON")).isEqualTo("no JSON");
    }

    private void pass(Duration duration) {
        now += duration.toNanos();
    }
}
