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
    void what_is_json_stays_json_and_all_other_text_is_a_string(String value, String shown) {
        assertThat(Payloads.asJson(value.getBytes(StandardCharsets.UTF_8))).isEqualTo(shown);
    }

    @Test
    void half_of_a_surrogate_pair_does_not_keep_the_rest_from_being_shown() {
        assertThat(Payloads.asJson("{\"a\":\"x\\ud800y\"}".getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("{\"a\":\"x\uFFFDy\"}");
    }

    @Test
    void what_is_not_text_is_a_string_in_base64() {
        assertThat(Payloads.asJson(new byte[] {(byte) 0xff})).isEqualTo("\"/w==\"");
    }
}
