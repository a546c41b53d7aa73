package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.messaging.http.FieldError;
import dev.lockstep.order.domain.OrderLine;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderRequestTest {
    private static final String ITEM = "{\"productId\":\"p1\",\"qty\":2}";
    private static final String ID_RULE = "must be text of 1 to 100 characters, not blank";
    private static final String PLAIN_RULE = "must not contain control characters or half of a surrogate pair";
    private static final String QTY_RULE = "must be a whole number from 1 to 1000";
    private static final String ITEMS_RULE = "must be an array of 1 to 100 items";

    private final List<FieldError> errors = new ArrayList<>();

    @ParameterizedTest
    @MethodSource
    void a_valid_body_is_decoded(String body, OrderRequest expected) throws JsonProcessingException {
        OrderRequest request = read(body);

        assertThat(errors).isEmpty();
        assertThat(request).isEqualTo(expected);
    }

    static Stream<Arguments> a_valid_body_is_decoded() {
        return Stream.of(
                Arguments.of(order("\"u123\"", ITEM), new OrderRequest("u123", List.of(new OrderLine("p1", 2)))),
                Arguments.of(
                        order("\"u1\"", ITEM + ",{\"qty\":1000,\"productId\":\"p2\"}," + ITEM),
                        new OrderRequest(
                                "u1",
                                List.of(new OrderLine("p1", 2), new OrderLine("p2", 1000), new OrderLine("p1", 2)))),
                Arguments.of(
                        order("\"" + "x".repeat(100) + "\"", item("\"사과 😀\"", "1")),
                        new OrderRequest("x".repeat(100), List.of(new OrderLine("사과 😀", 1)))));
    }

    @ParameterizedTest
    @MethodSource
    void an_invalid_body_is_rejected_with_the_invalid_field(String body, String field, String message)
            throws JsonProcessingException {
        read(body);

        assertThat(errors).containsExactly(new FieldError(field, message));
    }

    static Stream<Arguments> an_invalid_body_is_rejected_with_the_invalid_field() {
        return Stream.of(
                Arguments.of("[]", "body", "must be an object with userId and items"),
                Arguments.of("\"order\"", "body", "must be an object with userId and items"),
                Arguments.of("null", "body", "must be an object with userId and items"),
                Arguments.of("{\"items\":[" + ITEM + "]}", "userId", "is required"),
                Arguments.of(order("null", ITEM), "userId", "is required"),
                Arguments.of(order("7", ITEM), "userId", ID_RULE),
                Arguments.of(order("\"\"", ITEM), "userId", ID_RULE),
                Arguments.of(order("\" \\t\"", ITEM), "userId", ID_RULE),
                Arguments.of(order("\"" + "x".repeat(101) + "\"", ITEM), "userId", ID_RULE),
                Arguments.of(order("\"u\\u0000\"", ITEM), "userId", PLAIN_RULE),
                Arguments.of(order("\"u\\n\"", ITEM), "userId", PLAIN_RULE),
                Arguments.of(order("\"u\\u0085\"", ITEM), "userId", PLAIN_RULE),
                Arguments.of(order("\"u\\ud800\"", ITEM), "userId", PLAIN_RULE),
                Arguments.of("{\"userId\":\"u1\"}", "items", "is required"),
                Arguments.of("{\"userId\":\"u1\",\"items\":null}", "items", "is required"),
                Arguments.of("{\"userId\":\"u1\",\"items\":{}}", "items", ITEMS_RULE),
                Arguments.of(order("\"u1\"", ""), "items", ITEMS_RULE),
                Arguments.of(order("\"u1\"", (ITEM + ",").repeat(100) + ITEM), "items", ITEMS_RULE),
                Arguments.of(order("\"u1\"", "\"p1\""), "items[0]", "must be an object with productId and qty"),
                Arguments.of(order("\"u1\"", ITEM + ",null"), "items[1]", "must be an object with productId and qty"),
                Arguments.of(order("\"u1\"", "{\"qty\":1}"), "items[0].productId", "is required"),
                Arguments.of(order("\"u1\"", item("true", "1")), "items[0].productId", ID_RULE),
                Arguments.of(order("\"u1\"", item("\"\\u007f\"", "1")), "items[0].productId", PLAIN_RULE),
                Arguments.of(order("\"u1\"", "{\"productId\":\"p1\"}"), "items[0].qty", "is required"),
                Arguments.of(order("\"u1\"", item("\"p1\"", "0")), "items[0].qty", QTY_RULE),
                Arguments.of(order("\"u1\"", item("\"p1\"", "-1")), "items[0].qty", QTY_RULE),
                Arguments.of(order("\"u1\"", item("\"p1\"", "1001")), "items[0].qty", QTY_RULE),
                Arguments.of(order("\"u1\"", item("\"p1\"", "1.0")), "items[0].qty", QTY_RULE),
                Arguments.of(order("\"u1\"", item("\"p1\"", "\"2\"")), "items[0].qty", QTY_RULE),
                Arguments.of(order("\"u1\"", item("\"p1\"", "4294967298")), "items[0].qty", QTY_RULE),
                Arguments.of(
                        "{\"userId\":\"u1\",\"items\":[" + ITEM + "],\"coupon\":1}",
                        "coupon",
                        "is unknown; known members: items, userId"),
                Arguments.of(
                        order("\"u1\"", "{\"productId\":\"p1\",\"qty\":1,\"price\":0}"),
                        "items[0].price",
                        "is unknown; known members: productId, qty"));
    }

    @Test
    void all_problems_are_reported_at_once() throws JsonProcessingException {
        read("{\"userid\":\"u1\",\"items\":[" + item("\"p1\"", "0") + "," + ITEM + "," + item("\"\"", "\"1\"") + "]}");

        assertThat(errors)
                .extracting(FieldError::field)
                .containsExactly("userid", "userId", "items[0].qty", "items[2].productId", "items[2].qty");
    }

    private OrderRequest read(String body) throws JsonProcessingException {
        return OrderRequest.read(new ObjectMapper().readTree(body), errors);
    }

    private static String order(String userId, String items) {
        return "{\"userId\":" + userId + ",\"items\":[" + items + "]}";
    }

    private static String item(String productId, String qty) {
        return "{\"productId\":" + productId + ",\"qty\":" + qty + "}";
    }
}
