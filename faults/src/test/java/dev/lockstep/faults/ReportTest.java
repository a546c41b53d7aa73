package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.faults.agent.Protection;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ReportTest {
    @Test
    void harm_after_an_injection_is_detected() {
        assertThat(Report.isHarmDetected(outcome(1, 3, null))).isTrue();
    }

    @Test
    void harm_without_an_injection_does_not_count() {
        assertThat(Report.isHarmDetected(outcome(0, 3, "Postgres did not start")))
                .isFalse();
    }

    @Test
    void an_injection_without_harm_does_not_count() {
        assertThat(Report.isHarmDetected(outcome(1, 0, null))).isFalse();
    }

    @Test
    void control_characters_in_cells_are_escaped() {
        List<String> table =
                Report.table(List.of(outcome(1, 0, "it said\n| forged | row\u001b[2J\u202e" + "x".repeat(100_000))));

        assertThat(table).hasSize(4);
        assertThat(table.get(2))
                .contains("it said \\| forged \\| row\\u001b[2J\\u202exxx")
                .hasSizeLessThan(1_500);
    }

    @Test
    void the_same_seed_makes_the_same_fuzzed_records() {
        List<ConsumerRecord<byte[], byte[]>> real = List.of(new ConsumerRecord<>(
                "order.created",
                0,
                0,
                "o1".getBytes(StandardCharsets.UTF_8),
                "{\"orderId\":\"o1\"}".getBytes(StandardCharsets.UTF_8)));
        RecordFuzzer one = new RecordFuzzer(new Random(7), real);
        RecordFuzzer same = new RecordFuzzer(new Random(7), real);

        assertThat(Stream.generate(one::next).limit(2_000).map(ReportTest::describe))
                .containsExactlyElementsOf(Stream.generate(same::next)
                        .limit(2_000)
                        .map(ReportTest::describe)
                        .toList());
    }

    // Leaves out ids and times, which depend on the current time.
    private static String describe(RecordFuzzer.FuzzedRecord fuzzed) {
        return fuzzed.record().topic() + " " + fuzzed.reasons() + " "
                + (fuzzed.record().key() == null ? -1 : fuzzed.record().key().length);
    }

    @Test
    void harm_that_a_check_of_the_case_found_is_detected() {
        Outcome outcome = outcome(1, 0, null, "no order ended for 5 s");

        assertThat(Report.isHarmDetected(outcome)).isTrue();
        assertThat(outcome.holds()).isFalse();
        assertThat(Report.protectionTable(List.of(outcome)))
                .contains("| `case` | `undo` | no order ended for 5 s | yes |");
        assertThat(Report.table(List.of(outcome)).get(2)).endsWith("| no order ended for 5 s |");
    }

    @Test
    void a_case_that_could_not_be_carried_out_proves_no_harm() {
        assertThat(Report.isHarmDetected(outcome(1, 0, "Postgres did not start")))
                .isFalse();
    }

    private static Outcome outcome(int injected, long stuck, @Nullable String trouble) {
        return outcome(injected, stuck, trouble, null);
    }

    private static Outcome outcome(int injected, long stuck, @Nullable String trouble, @Nullable String failedCheck) {
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
                failedCheck,
                List.of());
    }
}
