package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.faults.inside.Protection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ReportTest {
    @Test
    void harm_after_an_injection_is_a_proof() {
        assertThat(Report.isProof(outcome(1, 3, null))).isTrue();
    }

    @Test
    void harm_without_an_injection_is_none() {
        assertThat(Report.isProof(outcome(0, 3, "Postgres did not start"))).isFalse();
    }

    @Test
    void an_injection_without_harm_is_none() {
        assertThat(Report.isProof(outcome(1, 0, null))).isFalse();
    }

    private static Outcome outcome(int injected, long stuck, @Nullable String trouble) {
        return new Outcome(
                FaultCase.of("case", "a fault", Protection.UNDO, run -> {}),
                injected,
                10,
                0,
                0,
                stuck,
                Duration.ZERO,
                Duration.ZERO,
                new Auditor.Verdict(Map.of(), ""),
                trouble,
                List.of());
    }
}
