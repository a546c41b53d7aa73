package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PageTest {
    @Test
    void an_extra_row_means_there_is_a_next_page() {
        assertThat(Page.of(List.of("c", "b", "a"), 2, row -> "after-" + row))
                .isEqualTo(new Page<>(List.of("c", "b"), "after-b"));
    }

    @Test
    void a_page_that_is_just_full_is_the_last_one() {
        assertThat(Page.of(List.of("b", "a"), 2, row -> "after-" + row)).isEqualTo(new Page<>(List.of("b", "a"), null));
    }

    @Test
    void a_page_request_defaults_to_the_first_fifty_rows() {
        assertThat(PageRequest.of(null, null)).isEqualTo(new PageRequest(50, null));
        assertThat(PageRequest.of("500", "abc")).isEqualTo(new PageRequest(500, "abc"));
        assertThat(PageRequest.of("1", " ")).isEqualTo(new PageRequest(1, null));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "501", "-1", "ten", "", "99999999999", "1.0"})
    void any_other_limit_is_named(String limit) {
        Problem problem = catchThrowableOfType(Problem.class, () -> PageRequest.of(limit, null));

        assertThat(problem.status()).isEqualTo(400);
        assertThat(problem.errors())
                .containsExactly(
                        new FieldError("limit", "must be a whole number from 1 to 500, but was \"" + limit + "\""));
    }
}
