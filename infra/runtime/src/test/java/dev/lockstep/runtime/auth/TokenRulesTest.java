package dev.lockstep.runtime.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class TokenRulesTest {
    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
    private static final long SECOND = NOW.getEpochSecond();

    private final TokenRules rules = new TokenRules("https://id.example", "lockstep", Duration.ofSeconds(30));
    private final JsonObject valid = new JsonObject()
            .put("iss", "https://id.example")
            .put("aud", "lockstep")
            .put("sub", "u123")
            .put("exp", SECOND + 60)
            .put("scope", "openid orders:read orders:write");

    @Test
    void valid_claims_describe_the_caller() {
        assertThat(rules.check(valid, NOW))
                .isEqualTo(new Caller("u123", Set.of(Scope.ORDERS_READ, Scope.ORDERS_WRITE)));
    }

    @Test
    void one_of_several_audiences_is_sufficient() {
        valid.put("aud", new JsonArray().add("other").add("lockstep"));

        assertThat(rules.check(valid, NOW).subject()).isEqualTo("u123");
    }

    @Test
    void scopes_may_be_an_array_and_may_be_called_scp() {
        valid.remove("scope");
        valid.put("scp", new JsonArray().add("operator:read").add(7).add("stock:write"));

        assertThat(rules.check(valid, NOW).scopes()).containsExactlyInAnyOrder(Scope.OPERATOR_READ, Scope.STOCK_WRITE);
    }

    @Test
    void a_token_without_scopes_has_none() {
        valid.remove("scope");

        assertThat(rules.check(valid, NOW).scopes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            iss | "https://id.example/"          | The issuer (iss) of the token is not https://id.example
            iss | "https://ID.example"           | The issuer (iss) of the token is not https://id.example
            iss | ["https://id.example"]         | The issuer (iss) of the token is not https://id.example
            iss | null                           | The issuer (iss) of the token is not https://id.example
            aud | "lockstep2"                    | The token is not for the audience (aud) lockstep
            aud | ["other"]                      | The token is not for the audience (aud) lockstep
            aud | {"lockstep":"lockstep"}        | The token is not for the audience (aud) lockstep
            aud | null                           | The token is not for the audience (aud) lockstep
            exp | null                           | The token has no expiration time (exp)
            exp | "9999999999"                   | The claim exp of the token is not a number
            exp | true                           | The claim exp of the token is not a number
            exp | -1e300                         | The token expired at 1970-01-01T00:00:00Z
            nbf | 1e300                          | The token is not valid before 9999-12-31T23:59:59Z
            nbf | "now"                          | The claim nbf of the token is not a number
            sub | null                           | The token has no subject (sub) of 1 to 255 characters
            sub | " "                            | The token has no subject (sub) of 1 to 255 characters
            sub | 7                              | The token has no subject (sub) of 1 to 255 characters
            """)
    void a_wrong_claim_is_refused_with_its_name(String name, String value, String message) {
        valid.put(name, new JsonObject("{\"value\":" + value + "}").getValue("value"));

        assertRefused(message);
    }

    @Test
    void times_are_compared_with_the_leeway() {
        assertThat(rules.check(valid.copy().put("exp", SECOND - 29), NOW)).isNotNull();
        assertThat(rules.check(valid.copy().put("nbf", SECOND + 30), NOW)).isNotNull();

        valid.put("exp", SECOND - 30);
        assertRefused("The token expired at 2026-11-30T11:59:30Z");
        valid.put("exp", SECOND + 60).put("nbf", SECOND + 31);
        assertRefused("The token is not valid before 2026-11-30T12:00:31Z");
    }

    @Test
    void a_subject_that_is_too_long_is_refused() {
        valid.put("sub", "x".repeat(256));

        assertRefused("The token has no subject (sub) of 1 to 255 characters");
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> rules.check(valid, NOW))
                .isInstanceOf(RefusedTokenException.class)
                .hasMessage(message);
    }
}
