package dev.lockstep.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class HeaderListParserTest {
    @Test
    void names_values_and_order_stay_as_they_are_and_names_may_repeat() {
        assertThat(HeaderListParser.parse(
                        "r-1", "[[\"b\", \"Mg==\"], [\"a\", \"MQ==\"], [\"b\", \"AP8=\"], [\"n\", null]]"))
                .containsExactly(
                        new RecordHeader("b", "2".getBytes(StandardCharsets.UTF_8)),
                        new RecordHeader("a", "1".getBytes(StandardCharsets.UTF_8)),
                        new RecordHeader("b", new byte[] {0, -1}),
                        new RecordHeader("n", null));
    }

    @Test
    void an_empty_list_gives_no_headers() {
        assertThat(HeaderListParser.parse("r-1", "[]")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[[\"name\"]]",
                "[[\"name\",\"not base64!\"]]",
                "[[\"name\",1]]",
                "[[\"name\",\"MQ==\",\"more\"]]",
                "[\"name\",\"MQ==\"]",
                "null",
                "",
                "[["
            })
    void anything_else_is_rejected_and_the_row_is_named(String json) {
        assertThatThrownBy(() -> HeaderListParser.parse("r-1", json))
                .isInstanceOf(RelayException.class)
                .hasMessageStartingWith("outbox row r-1 cannot be published: its headers must be")
                .hasMessageEndingWith("are " + json);
    }
}
