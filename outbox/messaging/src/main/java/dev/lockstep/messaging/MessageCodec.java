package dev.lockstep.messaging;

import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Reads records as messages: the {@code ce_type} header names the class, the value is its JSON. */
public final class MessageCodec<M> {
    private final Map<String, Class<? extends M>> types;

    private MessageCodec(Map<String, Class<? extends M>> types) {
        this.types = types;
    }

    /** Reads every record class that the sealed type permits, directly or through others, under its simple name. */
    public static <M> MessageCodec<M> of(Class<M> sealedType) {
        return of(List.of(sealedType));
    }

    /** Reads these classes, or the record classes they permit, under their simple names. */
    public static <M> MessageCodec<M> of(List<? extends Class<? extends M>> messageTypes) {
        Map<String, Class<? extends M>> types = new HashMap<>();
        messageTypes.forEach(type -> collect(type, types));
        return new MessageCodec<>(Map.copyOf(types));
    }

    private static <M> void collect(Class<? extends M> type, Map<String, Class<? extends M>> types) {
        if (type.isSealed()) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                collect(permitted.asSubclass(type), types);
            }
        } else {
            types.put(type.getSimpleName(), type);
        }
    }

    /** Fails with {@link UnprocessableMessageException} for whatever can never be read. */
    M decode(ConsumerRecord<byte[], byte[]> record) {
        String type = Headers.text(record, "ce_type");
        if (type == null) {
            throw new UnprocessableMessageException(
                    "MISSING_TYPE", "the record has no ce_type header; expected one of " + expected());
        }
        Class<? extends M> messageType = types.get(type);
        if (messageType == null) {
            throw new UnprocessableMessageException(
                    "UNKNOWN_TYPE", "ce_type is " + type + "; expected one of " + expected());
        }
        if (record.value() == null) {
            throw new UnprocessableMessageException(
                    "NOT_JSON", "the record has no value; expected the JSON of " + type);
        }
        try {
            M message = Json.MAPPER.readValue(record.value(), messageType);
            if (message == null) {
                throw new UnprocessableMessageException("INVALID", "the value is null; expected the JSON of " + type);
            }
            return message;
        } catch (JsonParseException e) {
            throw new UnprocessableMessageException("NOT_JSON", "the value is not JSON: " + e.getOriginalMessage());
        } catch (JsonMappingException e) {
            throw new UnprocessableMessageException("INVALID", "the value is not a valid " + type + ": " + problem(e));
        } catch (JsonProcessingException e) {
            throw new UnprocessableMessageException("NOT_JSON", "the value is not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new UnprocessableMessageException("NOT_JSON", "the value cannot be read: " + e.getMessage());
        }
    }

    private String expected() {
        return new TreeSet<>(types.keySet()).toString();
    }

    private static String problem(JsonMappingException e) {
        String path = e.getPath().stream()
                .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
                .collect(Collectors.joining("."));
        Throwable cause = e.getCause() instanceof IllegalArgumentException illegal ? illegal : e;
        String detail =
                cause instanceof JsonMappingException mapping ? mapping.getOriginalMessage() : cause.getMessage();
        return path.isEmpty() ? String.valueOf(detail) : path + ": " + detail;
    }
}
