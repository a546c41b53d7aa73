package dev.lockstep.messaging.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import dev.lockstep.messaging.record.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.function.Function;

/** The JSON mappers for HTTP: requests are read strictly, and responses contain plain JSON values. */
final class HttpJson {
    static final ObjectMapper WRITER = JsonMapper.builder()
            .addModule(new SimpleModule("lockstep-http-out")
                    .addSerializer(Instant.class, serializer(Instant::toString))
                    .addSerializer(
                            OffsetDateTime.class,
                            serializer(time -> time.toInstant().toString()))
                    .addSerializer(Duration.class, serializer(Duration::toString))
                    .addSerializer(JsonObject.class, serializer(JsonObject::getMap))
                    .addSerializer(JsonArray.class, serializer(JsonArray::getList)))
            .defaultPropertyInclusion(
                    JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
            .build();

    // Nothing is converted or ignored: "2" for 2, or an unknown member, is a mistake that the client has to correct.
    static final ObjectMapper READER = Json.strict(JsonMapper.builder())
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private HttpJson() {}

    private static <T> JsonSerializer<T> serializer(Function<T, Object> plain) {
        return new JsonSerializer<>() {
            @Override
            public void serialize(T value, JsonGenerator generator, SerializerProvider serializers) throws IOException {
                serializers.defaultSerializeValue(plain.apply(value), generator);
            }
        };
    }
}
