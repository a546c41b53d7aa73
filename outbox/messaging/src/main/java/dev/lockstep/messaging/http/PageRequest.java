package dev.lockstep.messaging.http;

import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/**
 * The page of a list that a client requests.
 *
 * @param limit the maximum number of rows
 * @param cursor the {@code nextCursor} of the previous page, or null for the first page
 */
public record PageRequest(int limit, @Nullable String cursor) {
    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_LIMIT = 500;

    /**
     * Reads {@code limit} and {@code cursor} from the query.
     *
     * @throws Problem 400 naming {@code limit} unless it is a whole number from 1 to 500
     */
    public static PageRequest of(RoutingContext ctx) {
        return of(ctx.request().getParam("limit"), ctx.request().getParam("cursor"));
    }

    static PageRequest of(@Nullable String limit, @Nullable String cursor) {
        return new PageRequest(limit(limit), cursor == null || cursor.isBlank() ? null : cursor);
    }

    /** The problem for a cursor that this list did not issue. */
    public static Problem invalidCursor() {
        return Problem.badRequest("cursor", "must be the unchanged nextCursor of the previous page");
    }

    private static int limit(@Nullable String text) {
        if (text == null) {
            return DEFAULT_LIMIT;
        }
        try {
            int limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= MAX_LIMIT) {
                return limit;
            }
        } catch (NumberFormatException e) {
            // Reported below, together with the range.
        }
        throw Problem.badRequest(
                "limit", "must be a whole number from 1 to " + MAX_LIMIT + ", but was \"" + text + "\"");
    }
}
