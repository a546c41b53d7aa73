package dev.lockstep.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks that the current schemas are compatible with the released ones in {@code src/test/resources/released}. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class CompatibilityTest {
    @Test
    void every_message_is_released_and_every_released_message_still_exists() {
        assertThat(Contracts.schemaNames(Contracts.RELEASED)).isEqualTo(Contracts.schemaNames(Contracts.SCHEMAS));
    }

    @ParameterizedTest
    @MethodSource("released")
    void a_schema_is_compatible_with_its_released_version(String name) {
        SchemaProperties today =
                SchemaProperties.of(Contracts.schema(name), file -> Contracts.read(Contracts.SCHEMAS.resolve(file)));
        SchemaProperties released = SchemaProperties.of(
                Contracts.schema(Contracts.RELEASED, name), file -> Contracts.read(Contracts.RELEASED.resolve(file)));

        assertThat(today.incompatibilities(released)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("releasedExamples")
    void a_message_sent_by_a_released_service_is_still_read(String name, JsonNode example)
            throws JsonProcessingException {
        assertThat(Contracts.problems(name, example)).isEmpty();
        assertThat(Contracts.read(example, name)).isNotNull();
    }

    @Nested
    @DisplayNameGeneration(ReplaceUnderscores.class)
    class given_a_released_message_of_a_required_text_an_optional_number_and_a_list {
        private final SchemaProperties released = shape("{'a':{'type':'string'},'b':{'type':'integer'},"
                + "'c':{'type':'array','items':{'type':'string','enum':['X','Y']}}}, 'required':['a']");

        @ParameterizedTest
        @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                'b':{'type':'integer'}                          | 'a' | a was removed, but released readers rely on it
                'a':{'type':'integer'},'b':{'type':'integer'}   | 'a' | a was string and is now integer
                'a':{'type':'string'},'b':{'type':'integer','format':'int64'} | 'a' | b was integer and is now integer (int64)
                'a':{'type':'string'},'b':{'type':'integer'}    | 'a','b' | b became required, but released senders may leave it out
                'a':{'type':'string'},'b':{'type':'integer'}    | 'b' | a became optional, but released readers require it
                'a':{'type':'string'},'b':{'type':'integer'},'d':{'type':'string'} | 'a','d' | d is new and required, but released senders do not send it
                """)
        void an_incompatible_change_is_reported(String properties, String required, String named) {
            SchemaProperties today =
                    shape("{" + properties + ",'c':{'type':'array','items':{'type':'string','enum':['X','Y']}}}, "
                            + "'required':[" + required + "]");

            assertThat(today.incompatibilities(released)).contains(named);
        }

        @Test
        void an_added_or_removed_enum_value_is_reported() {
            SchemaProperties today = shape("{'a':{'type':'string'},'b':{'type':'integer'},"
                    + "'c':{'type':'array','items':{'type':'string','enum':['Y','Z']}}}, 'required':['a']");

            assertThat(today.incompatibilities(released))
                    .containsExactly("c[] was string of [X, Y] and is now string of [Y, Z]");
        }

        @Test
        void optional_members_may_be_added_and_may_have_required_ones_of_their_own() {
            SchemaProperties today = shape("{'a':{'type':'string'},'b':{'type':'integer'},"
                    + "'c':{'type':'array','items':{'type':'string','enum':['Y','X']}},"
                    + "'d':{'type':'object','properties':{'e':{'type':'string'}},'required':['e']}}, 'required':['a']");

            assertThat(today.incompatibilities(released)).isEmpty();
        }

        @Test
        void a_type_may_move_to_a_file_of_its_own() {
            SchemaProperties today = SchemaProperties.of(
                    schema("{'a':{'allOf':[{'$ref':'Text'}]},'b':{'type':'integer'},"
                            + "'c':{'type':'array','items':{'$ref':'XorY'}}}, 'required':['a']"),
                    file -> Contracts.parse(
                            quoted(file.equals("Text") ? "{'type':'string'}" : "{'type':'string','enum':['X','Y']}")));

            assertThat(today.incompatibilities(released)).isEmpty();
        }

        private SchemaProperties shape(String properties) {
            return SchemaProperties.of(schema(properties), file -> Contracts.parse("{}"));
        }

        private JsonNode schema(String properties) {
            return Contracts.parse(quoted("{'type':'object','properties':" + properties + "}"));
        }

        private String quoted(String json) {
            return json.replace('\'', '"');
        }
    }

    private static Stream<String> released() {
        return Contracts.schemaNames(Contracts.RELEASED).stream();
    }

    private static Stream<Arguments> releasedExamples() {
        return released()
                .flatMap(name -> Contracts.elements(
                                Contracts.schema(Contracts.RELEASED, name).path("examples"))
                        .map(example -> Arguments.of(name, example)));
    }
}
