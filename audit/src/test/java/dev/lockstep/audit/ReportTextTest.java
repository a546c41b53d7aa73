package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ReportTextTest {
    private final CheckResult settled = new CheckResult(Check.SETTLED, 10);
    private final CheckResult money = new CheckResult(Check.MONEY, 10);
    private final CheckResult letters = new CheckResult(Check.LETTERS, 10);

    @Test
    void everything_holds_when_no_check_is_broken_or_undecided() {
        assertThat(lines()).contains("  settled   holds   work that was in progress has completed");
        assertThat(lines()).last().isEqualTo("All checks hold. 1.2 s");
    }

    @Test
    void undecided_checks_are_open_and_the_summary_names_them() {
        settled.addUndecided(512);
        letters.addUndecided(2);
        letters.addUndecided(1);

        assertThat(lines())
                .contains(
                        "  settled   open    " + Check.SETTLED.promise(),
                        "  money     holds   " + Check.MONEY.promise(),
                        "  letters   open    " + Check.LETTERS.promise());
        assertThat(lines())
                .last()
                .isEqualTo("No check is broken; in progress, and not judged without a wait:"
                        + " settled (512), letters (3). 1.2 s");
    }

    @Test
    void broken_takes_precedence_over_open() {
        letters.addFinding("a", "no open dead letter", "one", "there");
        letters.addUndecided(1);
        money.addFinding("b", "one charge", "two", "there");

        assertThat(lines()).contains("  letters   BROKEN  " + Check.LETTERS.promise());
        assertThat(lines())
                .last()
                .isEqualTo("Broken: money (1), letters (1); in progress, and not judged without a wait:"
                        + " letters (1). 1.2 s");
    }

    @Test
    void control_characters_in_findings_are_escaped() {
        letters.addFinding(
                "x\n    ✗ forged", "\u001b[2J\u009b31m\u007f\u202e\u2028\0\ud800", "x".repeat(100_308), "Größe 🛒");

        assertThat(lines())
                .contains(
                        "    ✗ x\\n    ✗ forged",
                        "      expected: \\u001b[2J\\u009b31m\\u007f\\u202e\\u2028\\u0000\\ud800",
                        "      look at:  Größe 🛒");
        assertThat(lines()).allMatch(line -> line.length() < 1_100);
        assertThat(ReportJson.of(new Report(List.of(letters), Map.of(), Duration.ofMillis(1))))
                .doesNotContain("\u007f", "\u009b", "\u202e", "\u2028");
    }

    private List<String> lines() {
        return ReportText.of(new Report(List.of(settled, money, letters), Map.of(), Duration.ofMillis(1_200)))
                .lines()
                .toList();
    }
}
