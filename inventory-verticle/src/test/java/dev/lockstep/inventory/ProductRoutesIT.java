package dev.lockstep.inventory;

import static dev.lockstep.inventory.InventoryService.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.inventory.InventoryService.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class ProductRoutesIT {
    private static final AtomicInteger PRODUCTS = new AtomicInteger();
    private static final String CUP =
            "{\"name\":\"Cup\",\"unitPrice\":{\"amount\":2000,\"currency\":\"KRW\"},\"available\":10}";

    @RegisterExtension
    static final InventoryService service = new InventoryService();

    private final String product = "/products/p-" + PRODUCTS.incrementAndGet();

    @Test
    void a_product_is_created_and_then_set() {
        Answer created = service.put(product, CUP);
        Answer set = service.put(product, CUP.replace("Cup", "Mug").replace("10", "3"));

        assertThat(created.status()).isEqualTo(201);
        assertThat(created.body()).isEqualTo(body("Cup", 10));
        assertThat(set.status()).isEqualTo(200);
        assertThat(set.body()).isEqualTo(body("Mug", 3));
        assertThat(service.get(product)).isEqualTo(new Answer(200, "application/json", body("Mug", 3)));
    }

    @Test
    void a_restock_adds() {
        service.put(product, CUP);

        Answer restocked = service.post(product + "/restock", "{\"qty\":5}");

        assertThat(restocked).isEqualTo(new Answer(200, "application/json", body("Cup", 15)));
    }

    @Test
    void a_missing_product_is_not_found() {
        List<Answer> answers = List.of(
                service.get(product),
                service.get("/products/%00"),
                service.post(product + "/restock", "{\"qty\":5}"),
                service.post("/products/%00/restock", "{\"qty\":5}"));

        assertThat(answers).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.contentType()).isEqualTo("application/problem+json");
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {}                                                                             | name unitPrice available
                    {"name":" ","unitPrice":{},"available":-1}                                     | name unitPrice.amount unitPrice.currency available
                    {"name":null,"unitPrice":null,"available":null}                                | name unitPrice available
                    {"name":"C","unitPrice":{"amount":-1,"currency":"krw"},"available":1}          | unitPrice.amount unitPrice.currency
                    {"name":"C","unitPrice":{"amount":1,"currency":"ZZZ"},"available":1}           | unitPrice.currency
                    {"name":"C","unitPrice":{"amount":1,"currency":"KRW"},"available":9007199254740992} | available
                    {"name":"C","unitPrice":{"amount":9007199254740992,"currency":"KRW"},"available":1} | unitPrice.amount
                    {"name":"C","unitPrice":{"amount":1,"currency":"KRW"},"available":1e30}        | available
                    {"name":"C","unitPrice":{"amount":1,"currency":"KRW"},"available":99999999999999999999} | available
                    {"name":"C","unitPrice":{"amount":1,"currency":"KRW"},"available":1.5}         | available
                    {"name":"C","unitPrice":{"amount":1,"currency":"KRW"},"available":"1"}         | available
                    {"name":"C","unitPrice":{"amount":true,"currency":"KRW"},"available":1}        | unitPrice.amount
                    {"name":"C","unitPrice":2000,"available":1}                                    | unitPrice
                    {"name":7,"unitPrice":{"amount":1,"currency":"KRW"},"available":1}             | name
                    {"name":"a\\u0007b","unitPrice":{"amount":1,"currency":"KRW"},"available":1}   | name
                    {"name":"C","unitPrice":{"amount":1,"currency":"KRW"},"available":1,"reserved":5} | reserved
                    {"name":"C","unitPrice":{"amount":1,"currency":"KRW","x":1},"available":1}     | unitPrice.x
                    """)
    void an_invalid_product_is_reported(String body, String fields) {
        Answer refused = service.put(product, body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(fieldsAtFault(refused)).containsExactly(fields.split(" "));
        assertThat(service.get(product).status()).isEqualTo(404);
    }

    @Test
    void a_too_long_name_or_id_is_reported() {
        Answer name = service.put(product, CUP.replace("Cup", "x".repeat(201)));
        Answer id = service.put("/products/" + "x".repeat(101), CUP);
        Answer blank = service.put("/products/%20", CUP);
        Answer nul = service.put("/products/a%00b", CUP);

        assertThat(fieldsAtFault(name)).containsExactly("name");
        assertThat(List.of(id, blank, nul)).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(400);
            assertThat(fieldsAtFault(answer)).containsExactly("productId");
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"qty\":0}",
                "{\"qty\":-1}",
                "{\"qty\":9007199254740992}",
                "{\"qty\":1.5}",
                "{\"qty\":\"1\"}",
                "{\"qty\":null}"
            })
    void an_invalid_restock_quantity_is_rejected(String body) {
        service.put(product, CUP);

        Answer refused = service.post(product + "/restock", body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(fieldsAtFault(refused)).containsExactly("qty");
        assertThat(service.get(product).body()).isEqualTo(body("Cup", 10));
    }

    @Test
    void stock_over_the_limit_is_rejected() {
        service.put(product, CUP);

        Answer refused = service.post(product + "/restock", "{\"qty\":9007199254740991}");

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.contentType()).isEqualTo("application/problem+json");
        assertThat(service.get(product).body()).isEqualTo(body("Cup", 10));
    }

    @Test
    void an_id_may_contain_characters_that_a_path_must_encode() {
        Answer created = service.put("/products/%ED%95%9C%20%2F%20%3F", CUP);

        assertThat(created.status()).isEqualTo(201);
        assertThat(created.body().path("productId").asText()).isEqualTo("한 / ?");
        assertThat(service.get("/products/%ED%95%9C%20%2F%20%3F").body()).isEqualTo(created.body());
    }

    @Test
    void the_list_is_paged_newest_first_and_stable_under_updates() {
        List<String> ids =
                IntStream.range(0, 5).mapToObj(i -> product + "-" + i).toList();
        ids.forEach(id -> service.put(id, CUP));
        service.put(ids.getFirst(), CUP.replace("10", "11"));

        List<String> found = new ArrayList<>();
        String cursor = "";
        while (found.size() < 5) {
            Answer page = service.get("/products?limit=2" + cursor);
            page.body()
                    .path("data")
                    .forEach(each ->
                            found.add("/products/" + each.path("productId").asText()));
            cursor = "&cursor=" + page.body().path("nextCursor").asText();
        }

        assertThat(found.subList(0, 5)).containsExactlyElementsOf(ids.reversed());
        assertThat(service.get("/products?limit=500").body().has("nextCursor")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"limit=0, limit", "limit=501, limit", "limit=x, limit", "cursor=x, cursor"})
    void an_invalid_page_is_rejected(String query, String field) {
        Answer refused = service.get("/products?" + query);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(fieldsAtFault(refused)).containsExactly(field);
    }

    @Test
    void all_invalid_parameters_are_reported_at_once() {
        Answer refused = service.get("/products?limit=0&cursor=x");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(fieldsAtFault(refused)).containsExactlyInAnyOrder("limit", "cursor");
    }

    @Test
    void the_outbox_and_dead_letter_routes_are_mounted() {
        assertThat(service.get("/outbox").status()).isEqualTo(200);
        assertThat(service.get("/outbox/summary").status()).isEqualTo(200);
        assertThat(service.get("/dead-letters").status()).isEqualTo(200);
    }

    private JsonNode body(String name, long available) {
        return json("""
                {"productId":"%s","name":"%s","unitPrice":{"amount":2000,"currency":"KRW"},"available":%d,"reserved":0}
                """.formatted(product.substring("/products/".length()), name, available));
    }

    private static List<String> fieldsAtFault(Answer answer) {
        return StreamSupport.stream(answer.body().path("errors").spliterator(), false)
                .map(error -> error.path("field").asText())
                .toList();
    }
}
