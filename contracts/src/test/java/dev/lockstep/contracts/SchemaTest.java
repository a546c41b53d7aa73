package dev.lockstep.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class SchemaTest {
    @Test
    void every_message_and_every_type_it_is_made_of_has_a_schema_and_no_schema_is_left_over() {
        assertThat(Contracts.schemaNames(Contracts.SCHEMAS))
                .isEqualTo(new TreeSet<>(Contracts.types().keySet()));
    }

    @Test
    void every_message_has_a_sample() {
        assertThat(SampleMessages.all().map(Message::getClass).map(Class::getSimpleName))
                .containsAll(Contracts.messages().keySet());
    }

    @ParameterizedTest
    @MethodSource("names")
    void a_schema_is_valid_and_documented(String name) {
        JsonNode schema = Contracts.schema(name);

        assertThat(Contracts.validator("https://json-schema.org/draft/2020-12/schema")
                        .validate(schema))
                .isEmpty();
        assertThat(schema.path("$schema").asText()).isEqualTo("https://json-schema.org/draft/2020-12/schema");
        assertThat(schema.path("title").asText()).isEqualTo(name);
        assertThat(schema.path("description").asText()).endsWith(".");
        assertThat(schema.path("examples")).isNotEmpty();
        assertThat(schema.path("properties"))
                .allSatisfy(property -> assertThat(property.has("$ref") || property.has("description"))
                        .isTrue());
    }

    @ParameterizedTest
    @MethodSource("names")
    void a_schema_has_the_members_of_its_record_or_the_values_of_its_enum(String name) {
        JsonNode schema = Contracts.schema(name);
        Class<?> type = Objects.requireNonNull(Contracts.types().get(name));

        if (type.isEnum()) {
            assertThat(Contracts.texts(schema.path("enum")))
                    .containsExactlyElementsOf(Arrays.stream(type.getEnumConstants())
                            .map(Object::toString)
                            .toList());
            return;
        }
        RecordComponent[] components = type.getRecordComponents();
        assertThat(schema.path("properties").fieldNames())
                .toIterable()
                .containsExactlyElementsOf(
                        Arrays.stream(components).map(RecordComponent::getName).toList());
        assertThat(Contracts.texts(schema.path("required")))
                .containsExactlyElementsOf(Arrays.stream(components)
                        .filter(component -> !component.getAnnotatedType().isAnnotationPresent(Nullable.class))
                        .map(RecordComponent::getName)
                        .toList());
        assertThat(components)
                .allSatisfy(component -> assertThat(
                                jsonType(schema.path("properties").path(component.getName())))
                        .isEqualTo(jsonType(component.getGenericType())));
    }

    @ParameterizedTest
    @MethodSource("names")
    void unknown_fields_are_ignored(String name) throws JsonProcessingException {
        JsonNode example = Contracts.schema(name).path("examples").path(0);
        if (!example.isObject()) {
            return;
        }
        ObjectNode grown = example.deepCopy();
        grown.put("addedLater", true);

        assertThat(Contracts.problems(name, grown)).isEmpty();
        assertThat(Contracts.read(grown, name)).isEqualTo(Contracts.read(example, name));
    }

    @ParameterizedTest
    @MethodSource("samples")
    void a_written_message_validates_and_reads_back(Message sample) throws JsonProcessingException {
        String name = sample.getClass().getSimpleName();

        JsonNode written = Contracts.write(sample);

        assertThat(Contracts.problems(name, written)).isEmpty();
        assertThat(Contracts.read(written, name)).isEqualTo(sample);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void an_example_validates_and_reads_back(String name, JsonNode example) throws JsonProcessingException {
        assertThat(Contracts.problems(name, example)).isEmpty();
        assertThat(Contracts.write(Contracts.read(example, name))).isEqualTo(example);
    }

    @ParameterizedTest
    @MethodSource("requiredMembers")
    void a_missing_field_is_rejected_by_schema_and_record(String name, String member) {
        ObjectNode lacking = Contracts.schema(name).path("examples").path(0).deepCopy();
        lacking.remove(member);

        assertRefused(name, lacking, member);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            OrderCreated    | {"orderId":" ","userId":"u123","items":[{"productId":"p1","qty":2}]} | orderId
            OrderCreated    | {"orderId":"1","userId":"","items":[{"productId":"p1","qty":2}]}     | userId
            OrderCreated    | {"orderId":"1","userId":"u123","items":[]}                           | items
            OrderCreated    | {"orderId":"1","userId":"u123","items":[{"productId":"p1","qty":0}]} | qty
            OrderCreated    | {"orderId":"1","userId":"u123","items":[{"productId":"p1","qty":1001}]} | qty
            OrderCreated    | {"orderId":"a\\u0000b","userId":"u123","items":[{"productId":"p1","qty":1}]} | orderId
            OrderCreated    | {"orderId":"1","userId":"u\\u0085","items":[{"productId":"p1","qty":1}]} | userId
            OrderCreated    | {"orderId":"1","userId":"u123","items":[null]}                        | items
            ReserveStock    | {"orderId":"1","items":[]}                                           | items
            ReserveStock    | {"orderId":"1","items":[{"productId":"\\t","qty":1}]}                | productId
            StockReserved   | {"orderId":"1","total":{"amount":1,"currency":"krw"}}                | currency
            StockReserved   | {"orderId":"1","total":{"amount":9223372036854775808,"currency":"KRW"}} | amount
            StockReserved   | {"orderId":"1","total":{"amount":-100,"currency":"KRW"}}             | amount
            StockReserved   | {"orderId":"1","total":{"amount":9007199254740992,"currency":"KRW"}} | amount
            OrderItem       | {"productId":"p1","qty":2147483648}                                  | qty
            ChargePayment   | {"orderId":"1","userId":"u123","amount":{"amount":-1,"currency":"KRW"}} | amount
            CancelOrder     | {"orderId":"1","reason":"BORED"}                                     | CancelReason
            PaymentDeclined | {"orderId":"1","reason":"OUT_OF_STOCK"}                              | DeclineReason
            """)
    void a_value_that_the_record_rejects_is_rejected_by_its_schema(String name, String value, String named) {
        assertRefused(name, Contracts.parse(value), named);
    }

    private static void assertRefused(String name, JsonNode value, String named) {
        assertThat(Contracts.problems(name, value)).isNotEmpty();
        assertThatExceptionOfType(JsonMappingException.class)
                .isThrownBy(() -> Contracts.read(value, name))
                .withMessageContaining(named);
    }

    private static Stream<String> names() {
        return Contracts.schemaNames(Contracts.SCHEMAS).stream();
    }

    private static Stream<Message> samples() {
        return SampleMessages.all();
    }

    private static Stream<Arguments> examples() {
        return names().flatMap(name -> Contracts.elements(Contracts.schema(name).path("examples"))
                .map(example -> Arguments.of(name, example)));
    }

    private static Stream<Arguments> requiredMembers() {
        return names().flatMap(name -> Contracts.texts(Contracts.schema(name).path("required")).stream()
                .map(member -> Arguments.of(name, member)));
    }

    private static String jsonType(JsonNode schema) {
        if (schema.has("allOf")) {
            return jsonType(schema.path("allOf").path(0));
        }
        if (schema.has("$ref")) {
            return schema.path("$ref").asText();
        }
        if (schema.has("items")) {
            return schema.path("type").asText() + " of " + jsonType(schema.path("items"));
        }
        return schema.path("type").asText() + schema.path("format").asText();
    }

    private static String jsonType(Type type) {
        if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            return "array of " + jsonType(list.getActualTypeArguments()[0]);
        }
        if (type == String.class) {
            return "string";
        }
        if (type == int.class) {
            return "integerint32";
        }
        if (type == long.class) {
            return "integerint64";
        }
        return ((Class<?>) type).getSimpleName() + ".schema.json";
    }
}
