package dev.lockstep.saga;

import dev.lockstep.messaging.http.Problem;
import dev.lockstep.messaging.http.QueryParameters;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
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
    private static final String DURATION_RULE = "must be a non-negative ISO-8601 duration such as PT5M";

    /** The last saga of the previous page. */
    record After(OffsetDateTime startedAt, String orderId) {}

    /** Reads the query parameters of a request. Throws a 400 {@link Problem} that names all invalid ones. */
    static SagaFilter of(QueryParameters query) {
        SagaFilter filter = new SagaFilter(
                query.parse("state", "must be one of " + Arrays.toString(StateName.values()), StateName::find),
                query.parseOr("olderThan", Duration.ZERO, DURATION_RULE, SagaFilter::duration),
                query.parse("waitingLongerThan", DURATION_RULE, SagaFilter::duration),
                query.cursor(SagaFilter::after),
                query.limit());
        query.requireValid();
        return filter;
    }

    static String cursor(SagaView last) {
        String text = last.times().startedAt() + " " + last.orderId();
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static Optional<Duration> duration(String text) {
        try {
            return Optional.of(Duration.parse(text))
                    .filter(duration -> !duration.isNegative() && duration.compareTo(MAX_AGE) <= 0);
        } catch (DateTimeParseException malformed) {
            return Optional.empty();
        }
    }

    private static Optional<After> after(String cursor) {
        try {
            String text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
            int blank = text.indexOf(' ');
            return Optional.of(new After(OffsetDateTime.parse(text.substring(0, blank)), text.substring(blank + 1)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException | DateTimeException e) {
            return Optional.empty();
        }
    }
}
