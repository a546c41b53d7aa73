package dev.lockstep.messaging.http;

import io.vertx.core.MultiMap;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The query parameters of one request. Every method except {@link #requireValid} collects invalid parameters instead of throwing, so that
 * one problem names all of them.
 */
public final class QueryParameters {
    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_LIMIT = 500;

    private final MultiMap parameters;
    private final List<FieldError> errors = new ArrayList<>();

    QueryParameters(MultiMap parameters) {
        this.parameters = parameters;
    }

    public static QueryParameters of(RoutingContext ctx) {
        return new QueryParameters(ctx.request().params());
    }

    /** Returns the text of the parameter, or null if it is absent. If it occurs several times, the first occurrence counts. */
    public @Nullable String text(String name) {
        return parameters.get(name);
    }

    /**
     * Returns the parsed parameter, or null if it is absent or invalid.
     *
     * @param rule what a valid value is, as in {@code must be true or false}
     * @param parser returns empty if the text is invalid
     */
    public <T> @Nullable T parse(String name, String rule, Function<String, Optional<T>> parser) {
        String text = text(name);
        return text == null ? null : parse(name, text, rule, parser);
    }

    /** As {@link #parse(String, String, Function)}, but returns {@code otherwise} if the parameter is absent or invalid. */
    public <T> T parseOr(String name, T otherwise, String rule, Function<String, Optional<T>> parser) {
        T value = parse(name, rule, parser);
        return value == null ? otherwise : value;
    }

    /** Returns the ids of all occurrences of the parameter, without the invalid ones. */
    public List<UUID> ids(String name, String rule) {
        List<UUID> ids = new ArrayList<>();
        for (String text : parameters.getAll(name)) {
            UUID id = parse(name, text, rule, QueryParameters::uuid);
            if (id != null) {
                ids.add(id);
            }
        }
        return ids;
    }

    /** Returns the maximum number of rows of the page that the client requests: {@code limit}, from 1 to 500, by default 50. */
    public int limit() {
        return parseOr(
                "limit", DEFAULT_LIMIT, "must be a whole number from 1 to " + MAX_LIMIT, QueryParameters::parseLimit);
    }

    /**
     * Returns the position where the requested page starts, which is the {@code nextCursor} of the previous page. Null for the first page,
     * and for an invalid {@code cursor}.
     *
     * @param parser returns empty for a text that this list does not issue as a cursor
     */
    public <T> @Nullable T cursor(Function<String, Optional<T>> parser) {
        String cursor = text("cursor");
        if (cursor == null || cursor.isBlank()) {
            return null;
        }
        Optional<T> position = parser.apply(cursor);
        if (position.isEmpty()) {
            reject("cursor", "must be the unchanged nextCursor of the previous page");
        }
        return position.orElse(null);
    }

    /** Records that a parameter is invalid. The message completes a sentence that begins with the name. */
    public void reject(String name, String message) {
        errors.add(new FieldError(name, message));
    }

    /**
     * Checks that all parameters that were read are valid.
     *
     * @throws Problem 400 that names every invalid parameter
     */
    public void requireValid() {
        if (errors.size() == 1) {
            throw Problem.badRequest(
                    errors.getFirst().field(), errors.getFirst().message());
        }
        if (!errors.isEmpty()) {
            throw Problem.badRequest("Several query parameters are invalid; see errors", errors);
        }
    }

    /** Parses a UUID. Empty if the text is not one. */
    public static Optional<UUID> uuid(String text) {
        try {
            return Optional.of(UUID.fromString(text));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /** Parses a whole number. Empty if the text is not one, or if it has more than 64 bits. */
    public static Optional<Long> wholeNumber(String text) {
        try {
            return Optional.of(Long.valueOf(text));
        } catch (NumberFormatException malformed) {
            return Optional.empty();
        }
    }

    private static Optional<Integer> parseLimit(String text) {
        return wholeNumber(text)
                .filter(limit -> limit >= 1 && limit <= MAX_LIMIT)
                .map(Math::toIntExact);
    }

    private <T> @Nullable T parse(String name, String text, String rule, Function<String, Optional<T>> parser) {
        Optional<T> value = parser.apply(text);
        if (value.isEmpty()) {
            reject(name, rule + ", but was \"" + text + "\"");
        }
        return value.orElse(null);
    }
}
