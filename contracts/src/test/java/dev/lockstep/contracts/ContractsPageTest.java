package dev.lockstep.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.contracts.AsyncApi.Channel;
import dev.lockstep.contracts.AsyncApi.Operation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checks {@code docs/contracts.md} against the schemas and the AsyncAPI document. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ContractsPageTest {
    private static final Pattern TOPIC_ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\| (.+) \\| (\\S+) \\| (\\S+) \\|$");
    private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
    private static final Pattern HEADER_ROW = Pattern.compile("(?m)^\\| `([^`]+)` \\|.*\\|.*\\|$");
    private static final String NOT_OF_ORDERS = "lockstep.";
    private static final Pattern SECTION = Pattern.compile("(?m)^## ");

    private final AsyncApi api = AsyncApi.read();
    private final String page;

    ContractsPageTest() throws IOException {
        page = Files.readString(Path.of("..", "docs", "contracts.md"));
    }

    private record TopicRow(String topic, SortedSet<String> messages, String from, String to) {}

    @Test
    void its_topics_are_those_of_the_asyncapi_document() {
        Stream<TopicRow> expected = api.operations().stream()
                .filter(operation -> operation.action().equals("receive"))
                .filter(operation -> !operation.channel().topic().startsWith(NOT_OF_ORDERS))
                .map(operation -> new TopicRow(
                        operation.channel().topic(),
                        new TreeSet<>(operation.channel().messages()),
                        sender(operation.channel()),
                        operation.service()));

        assertThat(TOPIC_ROW.matcher(section("Topics")).results().map(ContractsPageTest::topicRow))
                .containsExactlyInAnyOrderElementsOf(expected.toList());
        assertThat(section("Topics"))
                .contains(api.topics()
                        .filter(topic -> topic.startsWith(NOT_OF_ORDERS))
                        .map("`%s`"::formatted)
                        .toList());
    }

    @Test
    void its_headers_are_those_of_the_asyncapi_document() {
        assertThat(firstColumn(section("A record"))).containsExactlyInAnyOrderElementsOf(headers("CloudEvent"));
        assertThat(firstColumn(section("Dead letters"))).containsExactlyInAnyOrderElementsOf(headers("WhyItFailed"));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void it_shows_every_message_with_the_description_and_example_of_its_schema(String name) {
        Pattern entry = Pattern.compile("(?m)^#### " + name + "\n\n(.+)\n\n```json\n(.+)\n```$");

        List<MatchResult> entries = entry.matcher(page).results().toList();

        assertThat(entries).hasSize(1);
        assertThat(entries.getFirst().group(1))
                .startsWith(Contracts.schema(name).path("description").asText());
        assertThat(Contracts.parse(entries.getFirst().group(2)))
                .isEqualTo(Contracts.schema(name).path("examples").path(0));
    }

    private String section(String title) {
        return SECTION.splitAsStream(page)
                .filter(section -> section.startsWith(title + "\n"))
                .findFirst()
                .orElseThrow();
    }

    private String sender(Channel channel) {
        return api.operations().stream()
                .filter(operation ->
                        operation.action().equals("send") && operation.channel().equals(channel))
                .map(Operation::service)
                .findFirst()
                .orElseThrow();
    }

    private List<String> headers(String schema) {
        List<String> names = new ArrayList<>();
        api.document()
                .at("/components/schemas/" + schema + "/properties")
                .fieldNames()
                .forEachRemaining(names::add);
        return names;
    }

    private static TopicRow topicRow(MatchResult row) {
        List<String> messages = QUOTED.matcher(row.group(2))
                .results()
                .map(quoted -> quoted.group(1))
                .toList();
        return new TopicRow(row.group(1), new TreeSet<>(messages), row.group(3), row.group(4));
    }

    private static List<String> firstColumn(String section) {
        return HEADER_ROW.matcher(section).results().map(row -> row.group(1)).toList();
    }

    private static Stream<String> messages() {
        return Contracts.messages().keySet().stream();
    }
}
