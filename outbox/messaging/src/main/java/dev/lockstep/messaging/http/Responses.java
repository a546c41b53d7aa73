package dev.lockstep.messaging.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;

/** Sends JSON responses. */
public final class Responses {
    private Responses() {}

    /**
     * Ends the response with the body: records and maps as objects, instants as ISO-8601 text; absent members are omitted.
     *
     * @throws IllegalArgumentException if the body cannot be written as JSON
     */
    public static void json(RoutingContext ctx, int status, Object body) {
        end(ctx, status, "application/json", body);
    }

    static void end(RoutingContext ctx, int status, String contentType, Object body) {
        byte[] bytes = bytes(body);
        ctx.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, contentType)
                .end(Buffer.buffer(bytes));
    }

    private static byte[] bytes(Object body) {
        try {
            return HttpJson.WRITER.writeValueAsBytes(body);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a " + body.getClass().getName() + " cannot be written as JSON", e);
        }
    }
}
