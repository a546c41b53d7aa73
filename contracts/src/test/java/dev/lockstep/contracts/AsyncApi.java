package dev.lockstep.contracts;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The parts of the AsyncAPI document that the tests use. */
record AsyncApi(JsonNode document) {
    private static final Path FILE =
            Objects.requireNonNull(Contracts.SCHEMAS.getParent()).resolve("asyncapi.yaml");

    /**
     * An operation of a service on a channel.
     *
     * @param action {@code send} or {@code receive}
     * @param group the consumer group of the service; empty for {@code send}
     */
    record Operation(String service, String action, Channel channel, String group) {}

    /** A topic and the names of the messages on it. */
    record Channel(String topic, Set<String> messages) {}

    static AsyncApi read() {
        try {
            return new AsyncApi(new YAMLMapper().readTree(Files.readString(FILE)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<Channel> channels() {
        return Contracts.elements(document.path("channels")).map(this::channel).toList();
    }

    List<Operation> operations() {
        return Contracts.elements(document.path("operations"))
                .map(operation -> new Operation(
                        operation.at("/tags/0/name").asText(),
                        operation.path("action").asText(),
                        channel(at(operation.at("/channel/$ref").asText())),
                        operation.at("/bindings/kafka/groupId/const").asText()))
                .toList();
    }

    /** The definition of the message, independent of its channels. */
    JsonNode message(String name) {
        return document.at("/components/messages/" + name);
    }

    /** All references of the document, internal and external. */
    List<String> references() {
        List<String> references = new ArrayList<>();
        collectReferences(document, references);
        return references;
    }

    boolean resolves(String reference) {
        return reference.startsWith("#")
                ? !at(reference).isMissingNode()
                : Files.exists(FILE.resolveSibling(reference));
    }

    private Channel channel(JsonNode channel) {
        Set<String> names = Contracts.elements(channel.path("messages"))
                .map(message -> at(message.path("$ref").asText()).path("name").asText())
                .collect(Collectors.toSet());
        return new Channel(channel.path("address").asText(), names);
    }

    private JsonNode at(String reference) {
        return document.at(reference.substring(1));
    }

    private static void collectReferences(JsonNode node, List<String> references) {
        if (node.has("$ref")) {
            references.add(node.path("$ref").asText());
        }
        node.forEach(child -> collectReferences(child, references));
    }

    /** All topics of the document. */
    Stream<String> topics() {
        return channels().stream().map(Channel::topic);
    }
}
