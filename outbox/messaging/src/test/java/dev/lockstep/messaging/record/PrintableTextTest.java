package dev.lockstep.messaging.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class PrintableTextTest {
    @Test
    void ordinary_text_stays_as_it_is() {
        String text = "Größe \"日本\" \\ 🛒 사용자";

        assertThat(PrintableText.of(text, 100)).isEqualTo(text);
        assertThat(PrintableText.of("", 100)).isEmpty();
        assertThat(PrintableText.of(null, 100)).isEqualTo("null");
    }

    @ParameterizedTest
    @CsvSource({
        "000a, \\n",
        "000d, \\r",
        "0009, \\t",
        "0000, \\u0000",
        "001b, \\u001b",
        "007f, \\u007f",
        "0085, \\u0085",
        "009b, \\u009b",
        "2028, \\u2028",
        "2029, \\u2029",
        "202e, \\u202e",
        "2066, \\u2066",
        "200f, \\u200f",
        "feff, \\ufeff",
        "d800, \\ud800",
        "dfff, \\udfff"
    })
    void control_and_formatting_characters_are_escaped(String unit, String escaped) {
        assertThat(PrintableText.of("a" + (char) Integer.parseInt(unit, 16) + "b", 100))
                .isEqualTo("a" + escaped + "b");
    }

    @Test
    void the_result_has_no_control_characters_and_is_valid_utf_8() {
        String everything = IntStream.rangeClosed(0, 0xFFFF)
                .collect(StringBuilder::new, (all, unit) -> all.append((char) unit), StringBuilder::append)
                .reverse()
                .toString();

        String printable = PrintableText.of(everything, 0x100000);

        assertThat(printable.codePoints())
                .noneMatch(each -> Character.isISOControl(each)
                        || each == 0x2028
                        || each == 0x2029
                        || Character.getType(each) == Character.SURROGATE
                        || Character.getType(each) == Character.FORMAT);
        assertThat(new String(printable.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                .isEqualTo(printable);
    }

    @Test
    void long_text_is_cut_off_between_characters_and_says_how_much_is_missing() {
        assertThat(PrintableText.of("x".repeat(100_308), 10)).isEqualTo("xxxxxxxxxx... (100298 more characters)");
        assertThat(PrintableText.of("xxxxxxxxx🛒🛒", 10)).isEqualTo("xxxxxxxxx🛒... (2 more characters)");
        assertThat(PrintableText.of("\0".repeat(100_000), 100).length()).isLessThan(150);
        assertThat(PrintableText.of("\n".repeat(11), 10)).isEqualTo("\\n".repeat(5) + "... (6 more characters)");
    }

    @Test
    void halves_of_surrogate_pairs_are_replaced_and_whole_ones_stay() {
        assertThat(PrintableText.withoutLoneSurrogates("a\ud800b🛒\udc00")).isEqualTo("a\uFFFDb🛒\uFFFD");
        assertThat(PrintableText.withoutLoneSurrogates("🛒")).isEqualTo("🛒");
    }
}
