package dev.lockstep.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.bench.Goal;
import dev.lockstep.bench.Round;
import dev.lockstep.bench.Rounds;
import dev.lockstep.bench.ScenarioResult;
import dev.lockstep.bench.ScenarioResult.Summary;
import dev.lockstep.bench.Variant.Role;
import dev.lockstep.bench.report.ResultFiles.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ResultFilesTest {
    private static final Run RUN = new Run("2026-01-31", "0123abcd", false, Map.of("cores", "2"), List.of(result()));

    @TempDir
    private Path folder;

    @Test
    void a_run_is_written_as_json_markdown_and_charts() throws IOException {
        ResultFiles.write(folder, RUN);

        assertThat(folder).isDirectoryContaining("glob:**/results.json");
        assertThat(folder).isDirectoryContaining("glob:**/README.md");
        assertThat(Files.readString(folder.resolve("01-rate.svg")))
                .contains("<svg", "<path")
                .doesNotContainPattern("\\d\\.\\d\\d");
        assertThat(folder.resolve("01-cpu.svg")).isNotEmptyFile();
        assertThat(folder.resolve("01-latency.svg")).doesNotExist();
    }

    @Test
    void a_scenario_with_one_variant_has_charts_too() {
        ScenarioResult all = result();
        ScenarioResult one = new ScenarioResult(
                "07", all.title(), all.unit(), all.variants().subList(1, 2), all.rounds(), List.of(), List.of());

        ResultFiles.write(folder, new Run("2026-01-31", "0123abcd", false, Map.of(), List.of(one)));

        assertThat(folder.resolve("07-rate.svg")).isNotEmptyFile();
    }

    @Test
    void the_table_relates_each_rate_to_the_limit() {
        List<String> lines = ResultFiles.markdown(RUN);

        assertThat(lines)
                .contains(
                        "| 01 | pgbench | limit | 10,000 |  | 100 (postgres 100) |  |  |  |",
                        "| 01 | ours | subject | 35,000 | 3.50 | 60.0 (client 20.0, postgres 40.0) |  |  |  |",
                        "| 01 | × pgbench | 3.50 | ≥ 4.00 | **no** |",
                        "- 01: 1 rounds, 0 not used because the limit had moved by more than 15 %");
    }

    private static ScenarioResult result() {
        Map<String, Double> limit = Map.of("rate", 10_000.0, "cpu.postgres", 100.0);
        Map<String, Double> subject = Map.of("rate", 35_000.0, "cpu.postgres", 40.0, "cpu.client", 20.0);
        return new ScenarioResult(
                "01",
                "Write",
                "order",
                List.of(new Summary("pgbench", Role.LIMIT, limit), new Summary("ours", Role.SUBJECT, subject)),
                new Rounds.Measured(List.of(new Round(1, Map.of("pgbench", limit, "ours", subject))), List.of(), true),
                List.of(Goal.atLeast("× pgbench", 3.5, 4)),
                List.of("fsync = on"));
    }
}
