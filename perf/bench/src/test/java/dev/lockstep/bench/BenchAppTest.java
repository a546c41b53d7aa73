package dev.lockstep.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.bench.scenario.Scenarios;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class BenchAppTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void an_unknown_scenario_is_rejected_with_the_names_of_all() {
        int code = run("01", "99");

        assertThat(code).isEqualTo(2);
        assertThat(err.toString())
                .startsWith("99 is not a scenario; the scenarios are 01, 02, 03, 04, 05, 06, 07, 07b, 09;");
    }

    @Test
    void fewer_than_one_round_is_rejected() {
        int code = run("--rounds", "0", "09");

        assertThat(code).isEqualTo(2);
        assertThat(err.toString()).startsWith("--rounds must be at least 1, but was 0");
    }

    @Test
    void the_list_names_every_scenario() {
        int code = run("--list");

        assertThat(code).isZero();
        assertThat(out.toString().lines()).hasSameSizeAs(Scenarios.all());
    }

    private int run(String... options) {
        return BenchApp.run(new PrintWriter(out, true), new PrintWriter(err, true), options);
    }
}
