package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.order.domain.OrderLine;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class IdempotencyTest {
    private static final List<OrderLine> LINES = List.of(new OrderLine("p1", 12), new OrderLine("p2", 3));

    @Test
    void the_same_request_has_the_same_hash() {
        assertThat(Idempotency.of("k", "u1", LINES)).isEqualTo(Idempotency.of("k", "u1", List.copyOf(LINES)));
    }

    @ParameterizedTest
    @MethodSource("otherRequests")
    void another_request_has_another_hash(Idempotency other) {
        assertThat(other.requestHash())
                .isNotEqualTo(Idempotency.of("k", "u1", LINES).requestHash());
    }

    static Stream<Idempotency> otherRequests() {
        return Stream.of(
                Idempotency.of("k", "u2", LINES),
                Idempotency.of("k", "u1", LINES.reversed()),
                Idempotency.of("k", "u1", LINES.subList(0, 1)),
                Idempotency.of("k", "u1", List.of(new OrderLine("p11", 2), new OrderLine("p2", 3))),
                Idempotency.of("k", "u1p1", List.of(new OrderLine("12p2", 3))));
    }

    @ParameterizedTest
    @MethodSource("keys")
    void a_key_is_1_to_255_visible_ascii_characters(String text, boolean valid) {
        assertThat(Idempotency.isKey(text)).isEqualTo(valid);
    }

    static Stream<Arguments> keys() {
        return Stream.of(
                Arguments.of("!~-aZ09", true),
                Arguments.of("k".repeat(255), true),
                Arguments.of("", false),
                Arguments.of("k".repeat(256), false),
                Arguments.of("a b", false),
                Arguments.of("키", false),
                Arguments.of("a\u007f", false));
    }
}
