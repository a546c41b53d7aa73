package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ProblemTest {
    @Test
    void a_problem_that_quotes_the_request_is_printable_and_short_however_large_that_is() {
        Problem problem =
                Problem.badRequest("x".repeat(1_000_000) + "\u001b[2J", "was \"a\nb\u202e" + "y".repeat(1_000_000));

        assertThat(problem.detail().length()).isLessThan(2_100);
        assertThat(problem.getMessage()).isEqualTo(problem.detail());
        assertThat(problem.errors()).singleElement().satisfies(error -> {
            assertThat(error.field().length()).isLessThan(250);
            assertThat(error.message()).startsWith("was \"a\\nb\\u202eyyy").hasSizeLessThan(550);
        });
    }

    @Test
    void at_most_a_hundred_errors_are_reported() {
        FieldError error = new FieldError("items[0]", "is unknown");

        assertThat(Problem.badRequest("many", Collections.nCopies(100_000, error))
                        .errors())
                .hasSize(100);
    }
}
