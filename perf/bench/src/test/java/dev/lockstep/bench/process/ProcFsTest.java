package dev.lockstep.bench.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ProcFsTest {
    // The name of the program has a blank and a parenthesis.
    private static final String STAT =
            "42 (my (odd) name) S 1 42 42 0 -1 4194560 1000 2000 0 0 310 45 620 30 20 0 12 0 5678 0 0";

    @Test
    void the_times_are_found_behind_any_program_name() {
        long own = ProcFs.sum(STAT, 11, 12);
        long children = ProcFs.sum(STAT, 13, 14);

        assertThat(own).isEqualTo(355);
        assertThat(children).isEqualTo(650);
    }
}
