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
}
