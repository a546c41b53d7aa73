package dev.lockstep.messaging.http;

import dev.lockstep.messaging.record.PrintableText;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An error response. When a route throws it or fails with it, the response has an RFC 9457 body. */
public final class Problem extends RuntimeException {
    // A problem may quote the request, so its length is limited, however large the request is.
    private static final int MAX_DETAIL_LENGTH = 2_000;
    private static final int MAX_ERRORS = 100;

    private final int status;
    private final String detail;
    private final List<FieldError> errors;
    private final @Nullable Duration retryAfter;

    private Problem(int status, String detail, List<FieldError> errors, @Nullable Duration retryAfter) {
        // No stack trace: the exception is control flow, and the client reads only its message.
        super(PrintableText.of(detail, MAX_DETAIL_LENGTH), null, false, false);
        this.status = status;
        this.detail = PrintableText.of(detail, MAX_DETAIL_LENGTH);
        this.errors = errors.stream().limit(MAX_ERRORS).toList();
        this.retryAfter = retryAfter;
    }

    public static Problem badRequest(String detail, List<FieldError> errors) {
        return new Problem(400, detail, errors, null);
    }

    /** A bad request with one invalid member, whose error is also the detail. */
    public static Problem badRequest(String field, String message) {
        return badRequest(field + " " + message, List.of(new FieldError(field, message)));
    }

    /** The request has no valid credentials. The response also needs the header {@code WWW-Authenticate}. */
    public static Problem unauthorized(String detail) {
        return of(401, detail);
    }

    public static Problem forbidden(String detail) {
        return of(403, detail);
    }

    public static Problem notFound(String detail) {
        return of(404, detail);
    }

    public static Problem conflict(String detail) {
        return of(409, detail);
    }

    public static Problem tooLarge(String detail) {
        return of(413, detail);
    }

    public static Problem unsupportedMediaType(String detail) {
        return of(415, detail);
    }

    /** The request was meant for another host. */
    public static Problem misdirected(String detail) {
        return of(421, detail);
    }

    public static Problem unprocessable(String detail) {
        return of(422, detail);
    }

    /** The service cannot answer now but will soon; {@code Retry-After} tells the client when to retry. */
    public static Problem unavailable(String detail, Duration retryAfter) {
        return new Problem(503, detail, List.of(), retryAfter);
    }

    static Problem of(int status, String detail) {
        return new Problem(status, detail, List.of(), null);
    }

    public int status() {
        return status;
    }

    public String detail() {
        return detail;
    }

    public List<FieldError> errors() {
        return errors;
    }

    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }
}
