package dev.lockstep.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class FaultsAppTest {
    @ParameterizedTest
    @ValueSource(strings = {"0", "-3"})
    void a_rate_below_one_is_rejected(String rate) {
        StringWriter output = new StringWriter();

        int code = FaultsApp.run(new PrintWriter(output), new PrintWriter(output), "--list", "--rate", rate);

        assertThat(code).isEqualTo(2);
        assertThat(output.toString()).contains("--rate must be at least 1, but was " + rate);
    }

    // ./up faults prints the file, and rejects options that it does not list, before anything is built.
    @Test
    void the_help_is_also_in_a_file() {
        StringWriter output = new StringWriter();

        FaultsApp.run(new PrintWriter(output), new PrintWriter(output), "--help");

        assertThat(Path.of("help.txt")).content().isEqualTo(output.toString());
    }
}
