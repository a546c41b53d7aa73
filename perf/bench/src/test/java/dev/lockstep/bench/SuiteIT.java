package dev.lockstep.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs scenarios that need no program besides Lockstep. On a busy machine their values mean nothing, so only their presence is checked. */
@Tag("slow")
@DisplayNameGeneration(ReplaceUnderscores.class)
class SuiteIT {
    @TempDir
    private Path folder;

    @Test
    void a_quick_run_measures_the_relay_and_the_whole_system() throws IOException {
        StringWriter out = new StringWriter();

        int code = BenchApp.run(
                new PrintWriter(out, true),
                new PrintWriter(out, true),
                "--quick",
                "--data=" + folder.resolve("data"),
                "--results=" + folder.resolve("results"),
                "05",
                "07");

        assertThat(code).as(out.toString()).isZero();
        JsonNode run = new ObjectMapper()
                .readTree(folder.resolve("results").resolve("results.json").toFile());
        assertThat(run.path("results").findValuesAsText("id")).containsExactly("05", "07");
        assertThat(run.path("results").path(0).path("settings").toString()).contains("fsync = on");
        JsonNode system = run.path("results").path(1).path("variants").path(0).path("values");
        assertThat(system.path("cpu.postgres").asDouble()).isPositive();
        assertThat(system.path("since202.p99").asDouble()).isPositive();
        assertThat(system.path("cancelled").asDouble()).isZero();
    }
}
