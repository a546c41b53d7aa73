package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** The short suite, as {@code ./up faults} runs it, with the same dice in every build. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class FaultSuiteIT {
    @Test
    void the_short_suite_passes() {
        StringWriter said = new StringWriter();

        int code = FaultsApp.run(new PrintWriter(said), new PrintWriter(said), "--seed", "4");

        assertThat(code).as(said.toString()).isZero();
    }

    @Test
    void an_unknown_case_is_rejected() {
        StringWriter said = new StringWriter();

        int code = FaultsApp.run(new PrintWriter(said), new PrintWriter(said), "--case", "earthquake");

        assertThat(code).isEqualTo(2);
        assertThat(said.toString()).contains("earthquake is no case");
    }
}
