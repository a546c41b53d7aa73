package dev.lockstep.order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.order.OrderService.Answer;
import dev.lockstep.testing.AccessContract;
import dev.lockstep.testing.ApiDocument;
import dev.lockstep.testing.TestIssuer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rights that the routes require, and the document that describes them. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class OrderAccessIT implements AccessContract {
    @RegisterExtension
    static final TestIssuer issuer = new TestIssuer();

    @RegisterExtension
    static final OrderService service = OrderService.start(issuer.settings());

    @BeforeAll
    static void awaitKeys() {
        // A garbage token is refused once the keys of the issuer are there; until then it is answered 503.
        await().until(() ->
                service.get("/orders", "Authorization", "Bearer garbage").status() == 401);
    }

    @Override
    public ApiDocument document() {
        return new ApiDocument(service.address(), issuer);
    }

    @Override
    public Set<String> operations() {
        return service.operations();
    }

    @Test
    void a_customer_places_reads_lists_and_cancels_its_own_orders() {
        String user = user();
        String order = place(user);

        assertThat(get(user, "/orders/" + order).body().path("userId").asText()).isEqualTo(user);
        assertThat(ids(get(user, "/orders"))).containsExactly(order);
        assertThat(ids(get(user, "/orders?userId=" + user))).containsExactly(order);
        assertThat(cancel(user, order).status()).isEqualTo(202);
    }

    @Test
    void an_order_of_another_user_is_answered_like_a_missing_one() {
        String order = place(user());
        String missing = "0198f000-0000-7000-8000-000000000000";
        String other = user();

        assertThat(get(other, "/orders/" + order).status()).isEqualTo(404);
        assertThat(problem(get(other, "/orders/" + order), order))
                .isEqualTo(problem(get(other, "/orders/" + missing), missing));
        assertThat(cancel(other, order).status()).isEqualTo(404);
        assertThat(problem(cancel(other, order), order)).isEqualTo(problem(cancel(other, missing), missing));
        assertThat(service.outbox(order)).containsExactly("OrderCreated");
    }

    @Test
    void orders_of_another_user_are_not_listed() {
        String owner = user();
        place(owner);
        String other = user();

        assertThat(ids(get(other, "/orders"))).isEmpty();
        assertThat(ids(get(other, "/orders?userId=" + owner))).isEmpty();
        assertThat(ids(get(other, "/orders?userId="))).isEmpty();
    }

    @Test
    void an_order_for_another_user_is_refused() {
        Answer refused = post(user(), "orders:read orders:write", "u-other");

        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(refused.body().path("detail").asText())
                .isEqualTo("Only a token with the scope orders:admin may place orders of other users; userId must be"
                        + " the subject of the token");
    }

    @Test
    void an_administrator_places_reads_lists_and_cancels_the_orders_of_all_users() {
        String user = user();
        String[] admin = token("admin", "orders:read orders:write orders:admin");
        Answer placed = post("admin", "orders:write orders:admin", user);
        String order = placed.body().path("orderId").asText();

        assertThat(placed.status()).isEqualTo(202);
        assertThat(service.get("/orders/" + order, admin).status()).isEqualTo(200);
        assertThat(ids(service.get("/orders?userId=" + user, admin))).containsExactly(order);
        assertThat(ids(service.get("/orders?limit=500", admin))).contains(order);
        assertThat(service.post("/orders/" + order + "/cancel", "{}", admin).status())
                .isEqualTo(202);
        assertThat(ids(get(user, "/orders"))).containsExactly(order);
    }

    @ParameterizedTest
    @ValueSource(strings = {"orders:admin", "operator:read operator:write orders:admin"})
    void the_scope_for_all_users_permits_nothing_on_its_own(String scopes) {
        assertThat(service.get("/orders", token("admin", scopes)).status()).isEqualTo(403);
        assertThat(post("admin", scopes, "admin").status()).isEqualTo(403);
    }

    @Test
    void a_timeline_is_assembled_with_the_token_of_the_caller() {
        String order = place(user());

        Answer timeline = service.get("/orders/" + order + "/timeline", token("kim", "operator:read"));

        assertThat(timeline.status()).isEqualTo(200);
        assertThat(timeline.body().path("unavailable")).isEmpty();
        assertThat(timeline.body().path("data").findValuesAsText("kind")).contains("accepted", "sent");
    }

    @Test
    void values_of_messages_are_masked_unless_the_token_permits_them() {
        String order = place(user());
        String path = "/outbox?aggregateId=" + order;

        JsonNode masked = row(service.get(path, token("kim", "operator:read")));
        JsonNode full = row(service.get(path, token("kim", "operator:read operator:payloads")));

        assertThat(masked.path("payloads").asText()).isEqualTo("masked");
        assertThat(masked.path("payload").path("userId").asText()).isEqualTo("***");
        assertThat(full.has("payloads")).isFalse();
        assertThat(full.path("payload").path("orderId").asText()).isEqualTo(order);
    }

    private static JsonNode row(Answer page) {
        return page.body().path("data").path(0);
    }

    private static String user() {
        return "u-" + UUID.randomUUID();
    }

    private static String place(String user) {
        Answer placed = post(user, "orders:write", user);
        assertThat(placed.status()).isEqualTo(202);
        return placed.body().path("orderId").asText();
    }

    private static Answer post(String caller, String scopes, String user) {
        return service.post("/orders", OrderService.order(user), token(caller, scopes));
    }

    private static Answer cancel(String caller, String order) {
        return service.post("/orders/" + order + "/cancel", "{}", token(caller, "orders:write"));
    }

    private static Answer get(String caller, String path) {
        return service.get(path, token(caller, "orders:read"));
    }

    private static String[] token(String subject, String scopes) {
        return new String[] {"Authorization", "Bearer " + issuer.token(subject, scopes)};
    }

    private static List<String> ids(Answer page) {
        List<String> ids = new ArrayList<>();
        page.body().path("data").forEach(order -> ids.add(order.path("orderId").asText()));
        return ids;
    }

    // The id is the only difference that is allowed.
    private static String problem(Answer answer, String id) {
        return answer.status() + answer.body().toString().replace(id, "{id}");
    }
}
