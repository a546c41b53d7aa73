package dev.lockstep.contracts;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Test access to the message records and to the schema files. */
final class Contracts {
    /** Configured like the consumers: unknown members are ignored, and a missing number is an error. */
    static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    static final Path SCHEMAS = folder("schemas");
    static final Path RELEASED = folder("/released");

    private static final String SUFFIX = ".schema.json";
    private static final SchemaRegistry REGISTRY =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private Contracts() {}

    /** All record types that implement {@link Message}, by name. */
    static SortedMap<String, Class<? extends Message>> messages() {
        SortedMap<String, Class<? extends Message>> messages = new TreeMap<>();
        permitted(Message.class).forEach(type -> messages.put(type.getSimpleName(), type.asSubclass(Message.class)));
        return messages;
    }

    /** The messages and the types of this package that they contain, by name. */
    static SortedMap<String, Class<?>> types() {
        SortedMap<String, Class<?>> types = new TreeMap<>();
        messages().values().forEach(message -> collect(message, types));
        return types;
    }

    static SortedSet<String> schemaNames(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return new TreeSet<>(files.map(file -> file.getFileName().toString())
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode schema(Path folder, String name) {
        return read(folder.resolve(name + SUFFIX));
    }

    static JsonNode schema(String name) {
        return schema(SCHEMAS, name);
    }

    static List<Error> problems(String name, JsonNode value) {
        return validator("classpath:/dev/lockstep/contracts/schemas/" + name + SUFFIX)
                .validate(value);
    }

    static Schema validator(String location) {
        return REGISTRY.getSchema(SchemaLocation.of(location));
    }

    static JsonNode read(Path file) {
        try {
            return JSON.readTree(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode write(Object message) {
        try {
            return JSON.readTree(JSON.writeValueAsBytes(message));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<JsonNode> elements(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    static List<String> texts(JsonNode array) {
        return elements(array).map(JsonNode::asText).toList();
    }

    /** Reads a value as a consumer does, and fails with Jackson's exception. */
    static Object read(JsonNode value, String name) throws JsonProcessingException {
        Class<?> type = types().get(name);
        if (type == null) {
            throw new IllegalArgumentException(name + " is not part of any message");
        }
        return JSON.treeToValue(value, type);
    }

    private static Stream<Class<?>> permitted(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(Contracts::permitted)
                : Stream.of(type);
    }

    private static void collect(Type type, SortedMap<String, Class<?>> types) {
        switch (type) {
            case ParameterizedType list ->
                Arrays.stream(list.getActualTypeArguments()).forEach(each -> collect(each, types));
            case Class<?> ours
            when ours.isRecord() || ours.isEnum() -> {
                types.put(ours.getSimpleName(), ours);
                if (ours.isRecord()) {
                    for (RecordComponent component : ours.getRecordComponents()) {
                        collect(component.getGenericType(), types);
                    }
                }
            }
            default -> {}
        }
    }

    private static Path folder(String resource) {
        var url = Message.class.getResource(resource);
        if (url == null) {
            throw new IllegalStateException(resource + " is not on the classpath");
        }
        return Path.of(URI.create(url.toString()));
    }
}
