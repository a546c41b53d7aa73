package dev.lockstep.runtime.auth;

import dev.lockstep.runtime.auth.RefusedTokenException.Reason;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The rules for the claims of a token whose signature is valid.
 *
 * @param issuer must equal {@code iss} exactly
 * @param audience must be {@code aud} or one of its elements
 * @param leeway the tolerated difference between the clocks of issuer and service
 */
public record TokenRules(String issuer, String audience, Duration leeway) {
    private static final int MAX_SUBJECT_LENGTH = 255;
    // The last second of the year 9999, the latest time that is shown.
    private static final long LATEST_SHOWN = 253_402_300_799L;

    /**
     * Returns the caller that the claims describe.
     *
     * @throws RefusedTokenException with the first rule that the claims break
     */
    Caller check(JsonObject claims, Instant now) {
        if (!issuer.equals(claims.getValue("iss"))) {
            throw refused(Reason.ISSUER, "The issuer (iss) of the token is not " + issuer);
        }
        if (!strings(claims.getValue("aud")).contains(audience)) {
            throw refused(Reason.AUDIENCE, "The token is not for the audience (aud) " + audience);
        }
        checkTime(claims, now.getEpochSecond());
        return new Caller(subject(claims), scopes(claims));
    }

    private void checkTime(JsonObject claims, long now) {
        Long expires = seconds(claims, "exp");
        if (expires == null) {
            throw refused(Reason.CLAIMS, "The token has no expiration time (exp)");
        }
        if (expires <= now - leeway.toSeconds()) {
            throw refused(Reason.EXPIRED, "The token expired at " + shown(expires));
        }
        Long notBefore = seconds(claims, "nbf");
        if (notBefore != null && notBefore > now + leeway.toSeconds()) {
            throw refused(Reason.NOT_YET_VALID, "The token is not valid before " + shown(notBefore));
        }
    }

    private static @Nullable Long seconds(JsonObject claims, String name) {
        return switch (claims.getValue(name)) {
            case null -> null;
            case Number number -> number.longValue();
            default -> throw refused(Reason.CLAIMS, "The claim " + name + " of the token is not a number");
        };
    }

    private static Instant shown(long seconds) {
        return Instant.ofEpochSecond(Math.clamp(seconds, 0, LATEST_SHOWN));
    }

    private static String subject(JsonObject claims) {
        if (claims.getValue("sub") instanceof String subject
                && !subject.isBlank()
                && subject.length() <= MAX_SUBJECT_LENGTH) {
            return subject;
        }
        throw refused(Reason.CLAIMS, "The token has no subject (sub) of 1 to " + MAX_SUBJECT_LENGTH + " characters");
    }

    // RFC 9068 has a string with blanks between the scopes in "scope"; some issuers have an array, and some call it
    // "scp".
    private static Set<Scope> scopes(JsonObject claims) {
        Set<Scope> scopes = EnumSet.noneOf(Scope.class);
        Stream.of("scope", "scp")
                .flatMap(name -> strings(claims.getValue(name)).stream())
                .flatMap(text -> Stream.of(text.split(" ", -1)))
                .flatMap(text -> Scope.of(text).stream())
                .forEach(scopes::add);
        return scopes;
    }

    private static List<String> strings(@Nullable Object value) {
        return switch (value) {
            case String text -> List.of(text);
            case JsonArray array ->
                array.stream()
                        .filter(Objects::nonNull)
                        .filter(String.class::isInstance)
                        .map(String.class::cast)
                        .toList();
            case null, default -> List.of();
        };
    }

    private static RefusedTokenException refused(Reason reason, String detail) {
        return new RefusedTokenException(reason, detail);
    }
}
