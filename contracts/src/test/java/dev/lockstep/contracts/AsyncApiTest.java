package dev.lockstep.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.contracts.AsyncApi.Channel;
import dev.lockstep.contracts.AsyncApi.Operation;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class AsyncApiTest {
    private static final String DEAD_LETTERS = ".dlq";
    private static final String HEARTBEATS = "lockstep.heartbeats";
    private static final String RESEND_REQUESTS = "lockstep.resend-requests";
    private static final Set<String> SERVICES =
            Set.of("order-service", "inventory-service", "payment-service", "saga-service");

    private final AsyncApi api = AsyncApi.read();

    @Test
    void the_document_is_asyncapi_3_and_every_reference_resolves() {
        assertThat(api.document().path("asyncapi").asText()).isEqualTo("3.0.0");
        assertThat(api.references()).isNotEmpty().allMatch(api::resolves);
    }

    @Test
    void the_channels_are_the_topics_and_the_resend_requests_their_dead_letters_and_the_heartbeats() {
        Stream<String> expected = Stream.concat(
                Stream.concat(topics().stream(), Stream.of(RESEND_REQUESTS))
                        .flatMap(topic -> Stream.of(topic, topic + DEAD_LETTERS)),
                Stream.of(HEARTBEATS));

        assertThat(api.topics()).containsExactlyInAnyOrderElementsOf(expected.toList());
    }

    @ParameterizedTest
    @MethodSource("samples")
    void a_message_is_on_its_topic_and_on_no_other(Message sample) {
        assertThat(api.channels().stream()
                        .filter(channel -> channel.messages().contains(nameOf(sample)))
                        .map(Channel::topic))
                .containsExactly(Topics.of(sample));
    }

    @Test
    void the_only_other_messages_are_dead_letters_resend_requests_and_heartbeats() {
        assertThat(api.channels().stream()
                        .flatMap(channel -> channel.messages().stream())
                        .collect(Collectors.toSet()))
                .containsAll(Contracts.messages().keySet())
                .hasSize(Contracts.messages().size() + 3)
                .contains("DeadLetter", "ResendRequested", "Heartbeat");
    }

    @ParameterizedTest
    @MethodSource("samples")
    void a_message_has_its_schema_type_source_and_summary(Message sample) {
        String name = nameOf(sample);
        JsonNode message = api.message(name);
        JsonNode headers = message.at("/headers/allOf/1/properties");

        assertThat(message.at("/payload/$ref").asText()).isEqualTo("schemas/" + name + ".schema.json");
        assertThat(message.path("summary")).isEqualTo(Contracts.schema(name).path("description"));
        assertThat(headers.at("/ce_type/const").asText()).isEqualTo(name);
        assertThat(headers.at("/ce_source/const").asText()).isEqualTo("/" + onlySender(Topics.of(sample)));
    }

    @Test
    void every_topic_has_one_sender_and_consumer_groups_named_after_their_services() {
        assertThat(topics()).allSatisfy(topic -> {
            assertThat(operations("send", topic)).hasSize(1);
            assertThat(operations("receive", topic))
                    .isNotEmpty()
                    .allSatisfy(operation -> assertThat(operation.group()).isEqualTo(operation.service()));
        });
    }

    @Test
    void every_consumer_of_a_topic_sends_to_its_dead_letter_topic() {
        assertThat(topics())
                .allSatisfy(topic -> assertThat(operations("send", topic + DEAD_LETTERS))
                        .extracting(Operation::service)
                        .isEqualTo(operations("receive", topic).stream()
                                .map(Operation::service)
                                .toList()));
    }

    @Test
    void every_service_sends_heartbeats() {
        assertThat(api.operations()).extracting(Operation::service).hasSameElementsAs(SERVICES);
        assertThat(operations("send", HEARTBEATS))
                .extracting(Operation::service)
                .containsExactlyInAnyOrderElementsOf(SERVICES);
    }

    @Test
    void every_service_sends_and_receives_resend_requests() {
        assertThat(operations("send", RESEND_REQUESTS))
                .extracting(Operation::service)
                .containsExactlyInAnyOrderElementsOf(SERVICES);
        assertThat(operations("receive", RESEND_REQUESTS))
                .allSatisfy(operation -> assertThat(operation.group()).isEqualTo(operation.service() + ".resends"))
                .extracting(Operation::service)
                .containsExactlyInAnyOrderElementsOf(SERVICES);
        assertThat(operations("send", RESEND_REQUESTS + DEAD_LETTERS))
                .extracting(Operation::service)
                .containsExactlyInAnyOrderElementsOf(SERVICES);
    }

    private String onlySender(String topic) {
        return operations("send", topic).getFirst().service();
    }

    private List<Operation> operations(String action, String topic) {
        return api.operations().stream()
                .filter(operation -> operation.action().equals(action)
                        && operation.channel().topic().equals(topic))
                .toList();
    }

    private static Stream<Message> samples() {
        return SampleMessages.all()
                .collect(Collectors.toMap(AsyncApiTest::nameOf, Function.identity(), (first, other) -> first))
                .values()
                .stream();
    }

    private static String nameOf(Message message) {
        return message.getClass().getSimpleName();
    }

    private static List<String> topics() {
        return Arrays.stream(Topics.class.getDeclaredFields())
                .filter(field -> field.getType() == String.class)
                .map(AsyncApiTest::valueOf)
                .toList();
    }

    private static String valueOf(Field topic) {
        try {
            return (String) topic.get(null);
        } catch (IllegalAccessException e) {
            throw new AssertionError(topic + " is not public", e);
        }
    }
}
