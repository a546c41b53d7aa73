package dev.lockstep.messaging.delivery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import dev.lockstep.messaging.failure.UnprocessableMessageException;
import dev.lockstep.messaging.http.JsonMismatch;
import dev.lockstep.messaging.record.Headers;
import dev.lockstep.messaging.record.Json;
import dev.lockstep.messaging.record.PrintableText;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Decodes records to messages: the {@code ce_type} header names the class, and the value is its JSON. */
public final class MessageCodec<M> {
    private static final String INVALID = "INVALID";
    private static final String NOT_JSON = "NOT_JSON";
    private static final int MAX_QUOTE_LENGTH = 100;
    private static final int MAX_PROBLEM_LENGTH = 500;
    // Jackson has no exception type for duplicate members, and has used two wordings of the message.
    private static final Pattern DUPLICATE = Pattern.compile("Duplicate (?:field|Object property) ['\"](.*)['\"]");

    /** The member that must equal the record's key. */
    private record KeyMember<M>(String member, Function<? super M, String> value) {}

    private final Map<String, Class<? extends M>> types;
    private final @Nullable KeyMember<M> key;

    private MessageCodec(Map<String, Class<? extends M>> types, @Nullable KeyMember<M> key) {
        this.types = types;
        this.key = key;
    }

    /**
     * Creates a codec for every record class that the sealed type permits, directly or through other types. Each class is identified by its
     * simple name.
     */
    public static <M> MessageCodec<M> of(Class<M> sealedType) {
        return of(List.of(sealedType));
    }

    /** Creates a codec for these classes, or for the record classes that they permit. Each class is identified by its simple name. */
    public static <M> MessageCodec<M> of(List<? extends Class<? extends M>> messageTypes) {
        Map<String, Class<? extends M>> types = new HashMap<>();
        messageTypes.forEach(type -> collect(type, types));
        return new MessageCodec<>(Map.copyOf(types), null);
    }

    /**
     * Returns a codec that accepts a message only if this member is the key of its record. With another key, the message would be on
     * another partition and could be read before or after messages that it must stay in order with.
     */
    public MessageCodec<M> keyedBy(String member, Function<? super M, String> value) {
        return new MessageCodec<>(types, new KeyMember<>(member, value));
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

    /**
     * Decodes a record.
     *
     * @throws UnprocessableMessageException if the record can never be decoded
     */
    public M decode(ConsumerRecord<byte[], byte[]> record) {
        String type = Headers.text(record, "ce_type");
        if (type == null) {
            throw new UnprocessableMessageException(
                    "MISSING_TYPE", "the record has no ce_type header; expected one of " + expected());
        }
        Class<? extends M> messageType = types.get(type);
        if (messageType == null) {
            throw new UnprocessableMessageException(
                    "UNKNOWN_TYPE",
                    "ce_type is " + PrintableText.of(type, MAX_QUOTE_LENGTH) + "; expected one of " + expected());
        }
        if (record.value() == null) {
            throw new UnprocessableMessageException(NOT_JSON, "the record has no value; expected the JSON of " + type);
        }
        M message = read(record.value(), type, messageType);
        if (key != null) {
            checkKey(key, message, record, type);
        }
        return message;
    }

    private M read(byte[] value, String type, Class<? extends M> messageType) {
        try {
            M message = Json.READER.readValue(value, messageType);
            if (message == null) {
                throw new UnprocessableMessageException(INVALID, "the value is null; expected the JSON of " + type);
            }
            return message;
        } catch (JsonMappingException e) {
            throw e.getCause() instanceof JsonProcessingException cause && !(cause instanceof InputCoercionException)
                    ? malformed(type, JsonMismatch.field(e), cause)
                    : invalid(type, problem(e));
        } catch (JsonProcessingException e) {
            throw malformed(type, "", e);
        } catch (IOException e) {
            throw new UnprocessableMessageException(NOT_JSON, "the value cannot be read: " + e.getMessage());
        } catch (UnprocessableMessageException e) {
            throw e;
        } catch (RuntimeException e) {
            // A bug in the decoding code would fail every attempt in the same way, and must not block the topic.
            throw invalid(type, "decoding failed with " + PrintableText.of(e.toString(), MAX_PROBLEM_LENGTH));
        }
    }

    private static <M> void checkKey(KeyMember<M> key, M message, ConsumerRecord<byte[], byte[]> record, String type) {
        String actual = Headers.utf8(record.key());
        if (!key.value().apply(message).equals(actual)) {
            String found = record.key() == null
                    ? "the record has no key"
                    : actual == null
                            ? "the key is not text"
                            : "the key is " + PrintableText.of(actual, MAX_QUOTE_LENGTH);
            throw invalid(type, key.member() + " must equal the record's key, but " + found);
        }
    }

    private static UnprocessableMessageException malformed(String type, String path, JsonProcessingException e) {
        String problem = PrintableText.of(e.getOriginalMessage(), MAX_PROBLEM_LENGTH);
        if (e instanceof StreamConstraintsException) {
            return invalid(type, problem);
        }
        Matcher duplicate = DUPLICATE.matcher(e.getOriginalMessage());
        return duplicate.matches()
                ? invalid(
                        type,
                        member(path, PrintableText.of(duplicate.group(1), MAX_QUOTE_LENGTH)) + " is present twice")
                : new UnprocessableMessageException(NOT_JSON, "the value is not JSON: " + problem);
    }

    private static UnprocessableMessageException invalid(String type, String problem) {
        return new UnprocessableMessageException(INVALID, "the value is not a valid " + type + ": " + problem);
    }

    private String expected() {
        return new TreeSet<>(types.keySet()).toString();
    }

    private static String problem(JsonMappingException e) {
        String path = JsonMismatch.field(e);
        // The messages of a record's own constructor begin with the name of the member.
        if (e instanceof ValueInstantiationException refused) {
            return refused.getCause() instanceof IllegalArgumentException cause
                    ? member(path, PrintableText.of(cause.getMessage(), MAX_PROBLEM_LENGTH))
                    : (path.isEmpty() ? "it" : path) + " is not valid";
        }
        return (path.isEmpty() ? "it" : path) + " " + JsonMismatch.message(e);
    }

    private static String member(String path, String name) {
        return path.isEmpty() ? name : path + "." + name;
    }
}
