package dev.lockstep.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;

/** A client of the services. */
final class ApiClient implements AutoCloseable {
    static final Duration TIMEOUT = Duration.ofSeconds(90);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final LockstepProcess lockstep;
    private final Http http = new Http();

    ApiClient(LockstepProcess lockstep) {
        this.lockstep = lockstep;
    }

    /** Places an order for one product and returns its id. */
    String order(String userId, String productId, int qty) {
        HttpResponse<String> answer = tryOrder(userId, productId, qty);
        if (answer.statusCode() != 202) {
            throw new IllegalStateException("POST /orders answered " + answer.statusCode() + " " + answer.body());
        }
        return read(answer).get("orderId").asText();
    }

    /** Places an order and returns the response, also if it is an error. */
    HttpResponse<String> tryOrder(String userId, String productId, int qty) {
        return send(
                "POST",
                Service.ORDER,
                "/orders",
                "{\"userId\":\"%s\",\"items\":[{\"productId\":\"%s\",\"qty\":%d}]}".formatted(userId, productId, qty));
    }

    HttpResponse<String> send(String method, Service service, String path, String json) {
        try {
            return http.send(method, lockstep.uri(service).resolve(path), json);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    JsonNode get(Service service, String path) {
        return get(lockstep.uri(service).resolve(path));
    }

    JsonNode get(URI uri) {
        try {
            HttpResponse<String> answer = http.get(uri);
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(uri + " answered " + answer.statusCode() + " " + answer.body());
            }
            return read(answer);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    /** All elements of a list, read page by page. */
    List<JsonNode> list(Service service, String path) {
        List<JsonNode> all = new ArrayList<>();
        JsonNode page = get(service, path);
        page.get("data").forEach(all::add);
        while (page.hasNonNull("nextCursor")) {
            page = get(service, path + "&cursor=" + page.get("nextCursor").asText());
            page.get("data").forEach(all::add);
        }
        return all;
    }

    void product(String productId, long price, long available) {
        expect(send(
                "PUT",
                Service.INVENTORY,
                "/products/" + productId,
                "{\"name\":\"%s\",\"unitPrice\":{\"amount\":%d,\"currency\":\"KRW\"},\"available\":%d}"
                        .formatted(productId, price, available)));
    }

    void deposit(String userId, long amount) {
        expect(send(
                "POST",
                Service.PAYMENT,
                "/accounts/" + userId + "/deposits",
                "{\"amount\":%d,\"currency\":\"KRW\"}".formatted(amount)));
    }

    /** The stock of a product. */
    record Stock(long available, long reserved) {}

    Stock stock(String productId) {
        JsonNode product = get(Service.INVENTORY, "/products/" + productId);
        return new Stock(
                product.get("available").asLong(), product.get("reserved").asLong());
    }

    long balance(String userId) {
        return get(Service.PAYMENT, "/accounts/" + userId)
                .get("balance")
                .get("amount")
                .asLong();
    }

    /** Waits until the order has ended, and returns {@code CONFIRMED} or the reason for its cancellation. */
    String outcome(String orderId) {
        return Awaitility.await("the end of order " + orderId)
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(20))
                .ignoreExceptions()
                .until(() -> outcomeNow(orderId), outcome -> !outcome.equals("PENDING"));
    }

    String outcomeNow(String orderId) {
        return outcome(get(Service.ORDER, "/orders/" + orderId));
    }

    static String outcome(JsonNode order) {
        String status = order.get("status").asText();
        return status.equals("CANCELLED") ? order.get("reason").asText() : status;
    }

    /** Waits until the saga of the order has ended, after which stock and money no longer change. */
    void awaitSagaEnd(String orderId) {
        Awaitility.await("the end of the saga of " + orderId)
                .atMost(TIMEOUT)
                .pollInterval(Duration.ofMillis(20))
                .ignoreExceptions()
                .until(() -> get(Service.SAGA, "/sagas/" + orderId)
                        .get("state")
                        .asText()
                        .matches("CONFIRMED|CANCELLED"));
    }

    static JsonNode read(HttpResponse<String> answer) {
        try {
            return JSON.readTree(answer.body());
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private static void expect(HttpResponse<String> answer) {
        if (answer.statusCode() >= 300) {
            throw new IllegalStateException(answer.uri() + " answered " + answer.statusCode() + " " + answer.body());
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
