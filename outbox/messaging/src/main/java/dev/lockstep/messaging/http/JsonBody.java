package dev.lockstep.messaging.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.core.exc.StreamReadException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a request's JSON body into a record, and names the member that is invalid. */
public final class JsonBody {
    private static final Pattern JSON =
            Pattern.compile("application/json\\s*(;\\s*charset\\s*=\\s*\"?utf-8\"?\\s*)?;?", Pattern.CASE_INSENSITIVE);

    static final long MAX_ROUTE_BODY_BYTES = 256 * 1024;

    private JsonBody() {}

    /**
     * The handler that precedes a route's own handler, so that the body is available on any router. It reads up to 256 KiB, unless a
     * handler of the router has read the body before. If an earlier handler has consumed the body without keeping it, the request fails,
     * because its content is unknown.
     */
    static Handler<RoutingContext> handler() {
        BodyHandler reader = BodyHandler.create(false).setBodyLimit(MAX_ROUTE_BODY_BYTES);
        return ctx -> {
            requireJson(ctx);
            if (ctx.body().available()) {
                ctx.next();
            } else if (ctx.request().isEnded() && mayHaveBody(ctx)) {
                ctx.fail(
                        new IllegalStateException("the body of " + ctx.request().path() + " was consumed before this"
                                + " route could read it: mount a BodyHandler before any asynchronous handler"));
            } else {
                reader.handle(ctx);
            }
        };
    }

    private static boolean mayHaveBody(RoutingContext ctx) {
        String length = ctx.request().getHeader(HttpHeaders.CONTENT_LENGTH);
        return length == null
                ? ctx.request().headers().contains(HttpHeaders.TRANSFER_ENCODING)
                : !length.strip().equals("0");
    }

    /**
     * Reads the body as the record, as {@link #read} does, or returns the given value if there is no body.
     *
     * @throws Problem 415 if Content-Type is anything but {@code application/json}, with or without a body
     */
    public static <T> T readOr(RoutingContext ctx, Class<T> type, T withoutBody) {
        requireJson(ctx);
        return ctx.body().isEmpty() ? withoutBody : read(ctx, type);
    }

    // A web page can send text/plain or a form to any address without a CORS preflight, but not JSON.
    private static void requireJson(RoutingContext ctx) {
        String contentType = ctx.request().getHeader(HttpHeaders.CONTENT_TYPE);
        if (contentType != null && !isJson(contentType)) {
            throw unsupported(contentType);
        }
    }

    /**
     * Reads the body as the record. Missing members are null, so the caller has to check for required ones. A missing number is a problem
     * here already if the record declares it as a primitive.
     *
     * @throws Problem 415 if the body is not declared as {@code application/json} in UTF-8, 400 if it is not JSON or does not match the
     *     record
     */
    public static <T> T read(RoutingContext ctx, Class<T> type) {
        String contentType = ctx.request().getHeader(HttpHeaders.CONTENT_TYPE);
        if (contentType == null || !isJson(contentType)) {
            throw unsupported(contentType);
        }
        Buffer body = ctx.body().buffer();
        return read(body == null ? new byte[0] : body.getBytes(), type);
    }

    /** Whether a Content-Type declares JSON in UTF-8. */
    public static boolean isJson(String contentType) {
        return JSON.matcher(contentType.strip()).matches();
    }

    /** The problem for a body of another type. */
    public static Problem unsupported(@Nullable String contentType) {
        return Problem.unsupportedMediaType("The body must be application/json in UTF-8, but Content-Type is "
                + (contentType == null ? "missing" : "\"" + contentType + "\""));
    }

    static <T> T read(byte[] body, Class<T> type) {
        if (body.length == 0) {
            throw Problem.badRequest("The body is empty; it must be a JSON object", List.of());
        }
        @Nullable T value;
        try {
            value = HttpJson.READER.readValue(body, type);
        } catch (JsonMappingException e) {
            throw mismatch(e);
        } catch (JsonProcessingException e) {
            throw malformed(e, "");
        } catch (IOException e) {
            throw Problem.badRequest("The body could not be read: " + e.getMessage(), List.of());
        }
        if (value == null) {
            throw Problem.badRequest("The body is null; it must be a JSON object", List.of());
        }
        return value;
    }

    private static Problem mismatch(JsonMappingException failure) {
        String field = JsonMismatch.field(failure);
        if (failure.getCause() instanceof StreamReadException cause && !(cause instanceof InputCoercionException)) {
            return malformed(cause, field);
        }
        String message = failure instanceof ValueInstantiationException refused
                ? refusal(refused)
                : JsonMismatch.message(failure);
        return field.isEmpty()
                ? Problem.badRequest("The body " + message, List.of())
                : Problem.badRequest(field, message);
    }

    private static Problem malformed(JsonProcessingException failure, String field) {
        String where = failure.getLocation() == null
                ? ""
                : " at line " + failure.getLocation().getLineNr() + ", column "
                        + failure.getLocation().getColumnNr();
        String detail = "The body is not well-formed JSON" + where + ": " + failure.getOriginalMessage();
        return Problem.badRequest(
                detail,
                field.isEmpty() ? List.of() : List.of(new FieldError(field, "is not well-formed JSON" + where)));
    }

    // The message of an exception from a record's own constructor is written for clients; messages of other exceptions
    // are not.
    private static String refusal(ValueInstantiationException failure) {
        return failure.getCause() instanceof IllegalArgumentException cause && cause.getMessage() != null
                ? "is not valid: " + cause.getMessage()
                : "is not valid";
    }
}
