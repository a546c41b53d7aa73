package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

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
}
