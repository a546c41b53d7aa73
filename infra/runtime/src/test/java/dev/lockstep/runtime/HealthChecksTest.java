package dev.lockstep.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.runtime.HealthChecks.Check;
import dev.lockstep.runtime.HealthChecks.Liveness;
import dev.lockstep.runtime.HealthChecks.Readiness;
import dev.lockstep.runtime.HealthChecks.Status;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class HealthChecksTest {
    private final HealthChecks health = new HealthChecks();

    @Test
    void a_service_is_up_when_every_part_is() {
        health.register("relay", Optional::empty);
        health.register("consumer", Optional::empty);

        assertThat(health.readiness())
                .isEqualTo(new Readiness(
                        Status.UP,
                        List.of(
                                new Check("consumer", Status.UP, null, null),
                                new Check("relay", Status.UP, null, null))));
    }

    @Test
    void one_failing_check_makes_the_service_down_with_its_reason() {
        health.register("relay", () -> Optional.of("nothing came back for 20 s"));
        health.register("consumer", Optional::empty);

        assertThat(health.readiness())
                .isEqualTo(new Readiness(
                        Status.DOWN,
                        List.of(
                                new Check("consumer", Status.UP, null, null),
                                new Check("relay", Status.DOWN, "nothing came back for 20 s", null))));
    }

    @Test
    void a_check_that_throws_is_down_and_does_not_break_the_response() {
        health.register("relay", () -> {
            throw new IllegalStateException("closed");
        });

        assertThat(health.readiness())
                .isEqualTo(new Readiness(
                        Status.DOWN,
                        List.of(new Check(
                                "relay",
                                Status.DOWN,
                                "the health check failed: java.lang.IllegalStateException: closed",
                                null))));
    }

    @Test
    void a_warning_is_reported_without_changing_the_status() {
        health.register("slot", Optional::empty);
        health.warn("slot", () -> Optional.of("it keeps 3 GB"));

        assertThat(health.readiness())
                .isEqualTo(new Readiness(Status.UP, List.of(new Check("slot", Status.UP, null, "it keeps 3 GB"))));
    }

    @Test
    void a_service_is_alive_unless_a_part_is_stalled() {
        health.register("postgres", () -> Optional.of("does not answer"));
        health.registerLiveness("consumer", Optional::empty);

        assertThat(health.liveness()).isEqualTo(new Liveness(Status.UP, null));
    }

    @Test
    void a_stalled_part_fails_liveness_with_its_reason() {
        health.registerLiveness("consumer", () -> Optional.of("its thread has ended"));
        health.registerLiveness("resends", Optional::empty);

        assertThat(health.liveness())
                .isEqualTo(new Liveness(
                        Status.DOWN, List.of(new Check("consumer", Status.DOWN, "its thread has ended", null))));
    }
}
