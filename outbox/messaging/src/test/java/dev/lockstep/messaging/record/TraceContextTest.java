package dev.lockstep.messaging.record;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TraceContextTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

    @Test
    void a_valid_one_is_kept() {
        assertThat(TraceContext.orNew("00-" + TRACE + "-00")).isEqualTo("00-" + TRACE + "-00");
    }

    @Test
    void a_later_version_is_reduced_to_the_fields_of_version_00() {
        assertThat(TraceContext.orNew("cc-" + TRACE + "-01-what-the-future-will-be-like"))
                .isEqualTo("00-" + TRACE + "-01");
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "00-" + TRACE,
                "00-" + TRACE + "-1",
                "00-" + TRACE + "-01-more",
                "00-" + TRACE + "-01 ",
                "00-" + TRACE + "-01\r\nX: y",
                "00-" + TRACE + "-01\0",
                "cc-" + TRACE + "-01-\r\nX: y",
                "x\r\nX: y",
                "ff-" + TRACE + "-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"
            })
    void anything_else_is_replaced_by_a_new_one(String traceparent) {
        String used = TraceContext.orNew(traceparent);

        assertThat(used).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01").isNotEqualTo(TraceContext.orNew(traceparent));
        assertThat(TraceContext.orNull(traceparent)).isNull();
        assertThat(TraceContext.orNull(used)).isEqualTo(used);
    }

    @Test
    void the_trace_id_is_the_second_field() {
        assertThat(TraceContext.traceId("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
                .isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
    }
}
