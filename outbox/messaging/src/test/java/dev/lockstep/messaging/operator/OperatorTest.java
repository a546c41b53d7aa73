package dev.lockstep.messaging.operator;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OperatorTest {
    @Test
    void a_named_operator_is_used() {
        assertThat(Operator.of(" kim ", "10.0.0.1").name()).isEqualTo("kim");
    }

    @Test
    void an_unnamed_user_is_identified_by_address() {
        assertThat(Operator.of(null, "10.0.0.1").name()).isEqualTo("anonymous@10.0.0.1");
        assertThat(Operator.of(" \n ", "10.0.0.1").name()).isEqualTo("anonymous@10.0.0.1");
    }

    @Test
    void a_name_is_truncated_and_stripped_of_control_characters() {
        assertThat(Operator.of("x".repeat(300), "10.0.0.1").name()).isEqualTo("x".repeat(200));
        assertThat(Operator.of("k\u0000i\r\nm\u202E\uD800", "10.0.0.1").name()).isEqualTo("kim");
    }
}
