package dev.lockstep.saga;

import dev.lockstep.messaging.http.PageRequest;
import dev.lockstep.messaging.http.Problem;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Selects a page of sagas.
 *
 * @param olderThan lists only sagas that started at least this long ago; zero for all
 * @param waitingLongerThan lists only active sagas that have been waiting for the same messages for at least this long; null for all
 */
record SagaFilter(
        @Nullable StateName state,
        Duration olderThan,
        @Nullable Duration waitingLongerThan,
        @Nullable After after,
        int limit) {
    private static final Duration MAX_AGE = Duration.ofDays(36_500);

    /** The last saga of the previous page. */
    record After(OffsetDateTime startedAt, String orderId) {}

    /** Parses the query parameters of a request. Throws a 400 {@link Problem} that names the invalid parameter. */
    static SagaFilter of(
            @Nullable String state, @Nullable String olderThan, @Nullable String waitingLongerThan, PageRequest page) {
        String cursor = page.cursor();
        return new SagaFilter(
                state == null ? null : state(state),
                olderThan == null ? Duration.ZERO : duration("olderThan", olderThan),
                waitingLongerThan == null ? null : duration("waitingLongerThan", waitingLongerThan),
                cursor == null ? null : after(cursor),
                page.limit());
    }

    static String cursor(SagaView last) {
        String text = last.times().startedAt() + " " + last.orderId();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static StateName state(String text) {
        return StateName.find(text)
                .orElseThrow(() -> Problem.badRequest(
                        "state",
                        "must be one of " + Arrays.toString(StateName.values()) + ", but was \"" + text + "\""));
    }

    private static Duration duration(String parameter, String text) {
        try {
            Duration duration = Duration.parse(text);
            if (!duration.isNegative() && duration.compareTo(MAX_AGE) <= 0) {
                return duration;
            }
        } catch (DateTimeParseException e) {
            // The error is thrown below.
        }
        throw Problem.badRequest(
                parameter, "must be a non-negative ISO-8601 duration such as PT5M, but was \"" + text + "\"");
    }

    private static After after(String cursor) {
        try {
            String text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
            int blank = text.indexOf(' ');
            return new After(OffsetDateTime.parse(text.substring(0, blank)), text.substring(blank + 1));
        } catch (IllegalArgumentException | IndexOutOfBoundsException | DateTimeException e) {
            throw PageRequest.invalidCursor();
        }
    }
}
