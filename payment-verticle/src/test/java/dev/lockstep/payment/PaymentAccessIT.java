package dev.lockstep.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lockstep.payment.PaymentService.Answer;
import dev.lockstep.testing.AccessContract;
import dev.lockstep.testing.ApiDocument;
import dev.lockstep.testing.TestIssuer;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The rights that the routes require, and the document that describes them. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class PaymentAccessIT implements AccessContract {
    @RegisterExtension
    static final TestIssuer issuer = new TestIssuer();

    @RegisterExtension
    static final PaymentService service = new PaymentService(issuer.settings());

    @BeforeAll
    static void awaitKeys() {
        // A garbage token is refused once the keys of the issuer are there; until then it is answered 503.
        await().until(() ->
                service.get("/accounts/u", "Authorization", "Bearer garbage").status() == 401);
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
    void a_customer_reads_its_own_account_only() {
        String user = user();
        deposit(user);
        String other = user();

        assertThat(get(user, "orders:read", "/accounts/" + user).status()).isEqualTo(200);
        Answer foreign = get(other, "orders:read", "/accounts/" + user);
        Answer missing = get(other, "orders:read", "/accounts/" + other);
        assertThat(foreign.status()).isEqualTo(404);
        assertThat(foreign.body().toString().replace(user, "{user}"))
                .isEqualTo(missing.body().toString().replace(other, "{user}"));
        assertThat(get(other, "operator:read", "/accounts/" + user).status()).isEqualTo(200);
    }

    @Test
    void a_customer_reads_its_own_payments_only() {
        String user = user();
        deposit(user);
        String order = UUID.randomUUID().toString();
        String absent = UUID.randomUUID().toString();
        service.execute("""
                INSERT INTO payment (order_id, user_id, status, amount, currency)
                VALUES ('%s', '%s', 'CHARGED', 100, 'KRW')
                """.formatted(order, user));

        assertThat(get(user, "orders:read", "/payments/" + order).status()).isEqualTo(200);
        Answer foreign = get(user(), "orders:read", "/payments/" + order);
        Answer missing = get(user(), "orders:read", "/payments/" + absent);
        assertThat(foreign.status()).isEqualTo(404);
        assertThat(foreign.body().toString().replace(order, "{order}"))
                .isEqualTo(missing.body().toString().replace(absent, "{order}"));
        assertThat(get(user(), "operator:read", "/payments/" + order).status()).isEqualTo(200);
    }

    private static void deposit(String user) {
        Answer deposited = service.post(
                "/accounts/" + user + "/deposits",
                "{\"amount\":1000,\"currency\":\"KRW\"}",
                token("back-office", "accounts:write"));
        assertThat(deposited.status()).isEqualTo(201);
    }

    private static Answer get(String caller, String scopes, String path) {
        return service.get(path, token(caller, scopes));
    }

    private static String[] token(String subject, String scopes) {
        return new String[] {"Authorization", "Bearer " + issuer.token(subject, scopes)};
    }

    private static String user() {
        return "u-" + UUID.randomUUID();
    }
}
