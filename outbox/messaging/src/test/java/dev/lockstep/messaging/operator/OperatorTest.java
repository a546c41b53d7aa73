package dev.lockstep.messaging.operator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OperatorTest {
    @Test
    void whom_the_proxy_names_has_that_name() {
        assertThat(Operator.of(" kim ", "10.0.0.1").name()).isEqualTo("kim");
    }

    @Test
    void whom_nobody_names_is_known_by_their_address() {
        assertThat(Operator.of(null, "10.0.0.1").name()).isEqualTo("anonymous@10.0.0.1");
        assertThat(Operator.of(" \n ", "10.0.0.1").name()).isEqualTo("anonymous@10.0.0.1");
    }

    @Test
    void a_name_is_bounded_and_holds_nothing_that_hides_or_forges_a_line() {
        assertThat(Operator.of("x".repeat(300), "10.0.0.1").name()).isEqualTo("x".repeat(200));
        assertThat(Operator.of("k\u0000i\r\nm\u202E\uD800", "10.0.0.1").name()).isEqualTo("kim");
    }
}
