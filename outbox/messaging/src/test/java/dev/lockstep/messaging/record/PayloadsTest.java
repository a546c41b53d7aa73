package dev.lockstep.messaging.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PayloadsTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {"{\"a\":1},{\"a\":1}", "null,null", "``,\"\"", "` `,\" \"", "{},{}", "ann,\"ann\"", "1 2,\"1 2\""})
    void json_is_kept_and_other_text_becomes_a_string(String value, String shown) {
        assertThat(Payloads.asJson(value.getBytes(StandardCharsets.UTF_8))).isEqualTo(shown);
    }

    @Test
    void a_lone_surrogate_is_replaced() {
        assertThat(Payloads.asJson("{\"a\":\"x\\ud800y\"}".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("{\"a\":\"x\uFFFDy\"}");
    }

    @Test
    void binary_becomes_base64() {
        assertThat(Payloads.asJson(new byte[] {(byte) 0xff})).isEqualTo("\"/w==\"");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"a":"b","c":[1,-2.5,true,null,"d"],"e":{"f":{}}} | {"a":"***","c":["***","***","***",null,"***"],"e":{"f":{}}}
            []                                                | []
            {}                                                | {}
            null                                              | null
            7                                                 | "***"
            "text"                                            | "***"
            not json                                          | "***"
            {"a":1                                            | "***"
            {"a":1} {"b":2}                                   | "***"
            ``                                                | "***"
            """)
    void masking_keeps_the_structure_of_json_and_no_value(String value, String masked) {
        assertThat(Payloads.masked(value)).isEqualTo(masked);
    }

    @Test
    void a_value_that_is_nested_too_deeply_is_masked_as_a_whole() {
        assertThat(Payloads.masked("[".repeat(100_000) + "]".repeat(100_000))).isEqualTo("\"***\"");
    }
}
