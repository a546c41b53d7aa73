package dev.lockstep.messaging.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class JsonBodyTest {
    enum Colour {
        RED,
        BLUE
    }

    record Price(long amount, String currency) {
        Price {
            if (amount < 0) {
                throw new IllegalArgumentException("amount must not be negative");
            }
        }
    }

    record Item(@Nullable String productId, int qty) {}

    record Body(
            @Nullable String userId,
            @Nullable List<Item> items,
            @Nullable Price price,
            @Nullable Colour colour,
            @Nullable Boolean gift) {}

    @Test
    void a_body_becomes_the_record() {
        assertThat(read("{'userId':'u1','items':[{'productId':'p1','qty':2}],'colour':'RED','gift':true}"))
                .isEqualTo(new Body("u1", List.of(new Item("p1", 2)), null, Colour.RED, true));
    }

    @Test
    void missing_members_are_left_for_the_caller_to_check() {
        assertThat(read("{}")).isEqualTo(new Body(null, null, null, null, null));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'userID':'u1'} | userID | is unknown; known members: colour, gift, items, price, userId",
                "{'items':[{'productId':'p1','qty':1},{'qty':1,'sku':1}]} | items[1].sku | is unknown; known members: productId, qty",
                "{'userId':12} | userId | must be text",
                "{'userId':{}} | userId | must be text",
                "{'userId':true} | userId | must be text",
                "{'userId':'a\\u0000b'} | userId | must not contain U+0000 or half of a surrogate pair",
                "{'userId':'\\ud83d'} | userId | must not contain U+0000 or half of a surrogate pair",
                "{'items':{}} | items | must be an array",
                "{'items':['p1']} | items[0] | must be an object",
                "{'items':[{'qty':'2'}]} | items[0].qty | must be a whole number",
                "{'items':[{'qty':2.5}]} | items[0].qty | must be a whole number",
                "{'items':[{'qty':3000000000}]} | items[0].qty | must be a whole number from -2147483648 to 2147483647",
                "{'items':[{'qty':null}]} | items[0].qty | must be a whole number",
                "{'items':[{'productId':'p1'}]} | items[0].qty | must be a whole number",
                "{'gift':1} | gift | must be true or false",
                "{'colour':'GREEN'} | colour | must be one of RED, BLUE",
                "{'colour':0} | colour | must be one of RED, BLUE",
                "{'price':{'amount':-1,'currency':'KRW'}} | price | is not valid: amount must not be negative",
            })
    void a_member_at_fault_is_named(String body, String field, String message) {
        Problem problem = catchThrowableOfType(Problem.class, () -> read(body));

        assertThat(problem.status()).isEqualTo(400);
        assertThat(problem.errors()).containsExactly(new FieldError(field, message));
        assertThat(problem.detail()).isEqualTo(field + " " + message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'userId':", "{'userId':'u1'} x", "{'userId':'u1','userId':'u2'}", "not json", "{'userId':nul}"
            })
    void malformed_json_is_a_bad_request_with_its_location(String body) {
        assertThatThrownBy(() -> read(body))
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(400))
                .hasMessageStartingWith("The body is not well-formed JSON at line 1, column ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`` | The body is empty; it must be a JSON object",
                "null | The body is null; it must be a JSON object",
                "[] | The body must be an object",
                "3 | The body must be an object",
            })
    void a_body_that_is_no_object_is_a_bad_request(String body, String detail) {
        assertThatThrownBy(() -> read(body))
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(400))
                .hasMessage(detail);
    }

    @Test
    void deep_nesting_is_a_bad_request_and_not_an_overflow() {
        assertThatThrownBy(() -> read("{'items':" + "[".repeat(100_000)))
                .isInstanceOfSatisfying(
                        Problem.class, problem -> assertThat(problem.status()).isEqualTo(400));
    }

    private static Body read(String body) {
        return JsonBody.read(body.replace('\'', '"').getBytes(StandardCharsets.UTF_8), Body.class);
    }
}
