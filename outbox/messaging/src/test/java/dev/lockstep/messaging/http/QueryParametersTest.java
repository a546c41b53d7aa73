package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.MultiMap;
import java.util.UUID;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class QueryParametersTest {
    private static final UUID ID = UUID.fromString("0199a4b0-0000-7000-8000-000000000000");

    private final MultiMap given = MultiMap.caseInsensitiveMultiMap();
    private final QueryParameters query = new QueryParameters(given);

    @Test
    void a_page_has_fifty_rows_by_default_and_begins_at_the_cursor() {
        assertThat(query.limit()).isEqualTo(50);
        assertThat(query.cursor(QueryParameters::uuid)).isNull();

        given.add("limit", "500").add("cursor", ID.toString());

        assertThat(query.limit()).isEqualTo(500);
        assertThat(query.cursor(QueryParameters::uuid)).isEqualTo(ID);
        assertThatCode(query::requireValid).doesNotThrowAnyException();
    }

    @Test
    void a_blank_cursor_is_the_first_page() {
        given.add("cursor", " ");

        assertThat(query.cursor(QueryParameters::uuid)).isNull();
        assertThatCode(query::requireValid).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "501", "-1", "ten", "", "99999999999", "1.0", "99999999999999999999"})
    void any_other_limit_is_named(String limit) {
        given.add("limit", limit);

        query.limit();

        assertThat(problem().errors())
                .containsExactly(
                        new FieldError("limit", "must be a whole number from 1 to 500, but was \"" + limit + "\""));
        assertThat(problem().detail())
                .isEqualTo("limit must be a whole number from 1 to 500, but was \"" + limit + "\"");
    }

    @Test
    void all_invalid_parameters_are_named_at_once() {
        given.add("limit", "0")
                .add("cursor", "x")
                .add("id", "1")
                .add("id", ID.toString())
                .add("id", "2");

        query.limit();
        query.cursor(QueryParameters::wholeNumber);
        assertThat(query.ids("id", "must be a message id")).containsExactly(ID);
        query.reject("account", "must not be blank");

        assertThat(problem().status()).isEqualTo(400);
        assertThat(problem().detail()).isEqualTo("Several query parameters are invalid; see errors");
        assertThat(problem().errors())
                .containsExactly(
                        new FieldError("limit", "must be a whole number from 1 to 500, but was \"0\""),
                        new FieldError("cursor", "must be the unchanged nextCursor of the previous page"),
                        new FieldError("id", "must be a message id, but was \"1\""),
                        new FieldError("id", "must be a message id, but was \"2\""),
                        new FieldError("account", "must not be blank"));
    }

    private Problem problem() {
        return catchThrowableOfType(Problem.class, query::requireValid);
    }
}
