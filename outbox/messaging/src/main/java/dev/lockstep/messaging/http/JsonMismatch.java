package dev.lockstep.messaging.http;

import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dev.lockstep.messaging.record.TextRules;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Describes where JSON does not match a record, and which value is expected there. It never quotes the JSON. */
public final class JsonMismatch {
    private JsonMismatch() {}

    /** The path of the invalid member, as in {@code items[0].qty}; empty if the whole value is invalid. */
    public static String field(JsonMappingException failure) {
        StringBuilder field = new StringBuilder();
        for (JsonMappingException.Reference step : failure.getPath()) {
            if (step.getFieldName() == null) {
                field.append('[').append(step.getIndex()).append(']');
            } else {
                field.append(field.isEmpty() ? "" : ".").append(step.getFieldName());
            }
        }
        return field.toString();
    }

    /** The rule for the member; it completes a sentence that begins with its name: {@code must be a whole number}. */
    public static String message(JsonMappingException failure) {
        return switch (failure) {
            case UnrecognizedPropertyException unknown -> "is unknown; known members: " + known(unknown);
            case InvalidFormatException invalid
            when invalid.getTargetType() == String.class && invalid.getValue() instanceof String -> TextRules.RULE;
            case MismatchedInputException trailing
            when trailing.getOriginalMessage().startsWith("Trailing token") -> "must not be followed by other content";
            case MismatchedInputException mismatched -> "must be " + kind(mismatched.getTargetType());
            case JsonMappingException other
            when other.getCause() instanceof InputCoercionException tooLarge -> range(tooLarge.getTargetType());
            case JsonMappingException other -> "is not valid: " + other.getOriginalMessage();
        };
    }

    private static String known(UnrecognizedPropertyException failure) {
        Collection<Object> known = failure.getKnownPropertyIds();
        return known == null
                ? "none"
                : known.stream().map(String::valueOf).sorted().collect(Collectors.joining(", "));
    }

    private static String kind(@Nullable Class<?> type) {
        if (type == null) {
            return "of another type";
        }
        return switch (type.getSimpleName().toLowerCase(Locale.ROOT)) {
            case "int", "integer", "long", "short", "byte", "biginteger" -> "a whole number";
            case "double", "float", "bigdecimal" -> "a number";
            case "boolean" -> "true or false";
            case "string" -> "text";
            case "uuid" -> "a UUID";
            default -> kindOfMany(type);
        };
    }

    private static String range(Class<?> type) {
        boolean isLong = type == long.class || type == Long.class;
        return "must be a whole number from "
                + (isLong ? Long.MIN_VALUE : Integer.MIN_VALUE)
                + " to "
                + (isLong ? Long.MAX_VALUE : Integer.MAX_VALUE);
    }

    private static String kindOfMany(Class<?> type) {
        if (type.isEnum()) {
            return "one of "
                    + List.of(type.getEnumConstants()).stream()
                            .map(String::valueOf)
                            .collect(Collectors.joining(", "));
        }
        if (Collection.class.isAssignableFrom(type) || type.isArray()) {
            return "an array";
        }
        return type.isRecord() || Map.class.isAssignableFrom(type) ? "an object" : "a " + type.getSimpleName();
    }
}
