package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The short suite, as {@code ./up faults} runs it, but with fewer orders a second and with the same seed in every build. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class FaultSuiteIT {
    @Test
    void the_short_suite_passes() {
        StringWriter output = new StringWriter();

        int code = FaultsApp.run(new PrintWriter(output), new PrintWriter(output), "--seed", "4", "--rate", "10");

        assertThat(code).as(output.toString()).isZero();
    }

    // The cheapest of these cases: its harm is an unreadable record, so no order gets stuck and has to be waited for.
    @Test
    void a_case_without_its_protection_fails() {
        StringWriter output = new StringWriter();

        int code = FaultsApp.run(
                new PrintWriter(output),
                new PrintWriter(output),
                "--prove",
                "--case",
                "aborted-transactions",
                "--seed",
                "4");

        assertThat(code).as(output.toString()).isZero();
    }

    @Test
    void an_unknown_case_is_rejected() {
        StringWriter output = new StringWriter();

        int code = FaultsApp.run(new PrintWriter(output), new PrintWriter(output), "--case", "earthquake");

        assertThat(code).isEqualTo(2);
        assertThat(output.toString()).contains("earthquake is not a case");
    }
}
