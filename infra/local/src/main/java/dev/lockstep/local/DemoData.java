package dev.lockstep.local;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;

/**
 * Sample products and accounts. They are created through the services' HTTP API, and only if they do not exist: a later start keeps the
 * data that orders have changed.
 */
final class DemoData {
    static final String DESCRIPTION = "products p1 to p5, accounts u123 to u127";

    private record Product(String id, String name, long price, long available) {}

    // Enough of p1 for a load test that orders only p1 to run for hours.
    private static final List<Product> PRODUCTS = List.of(
            new Product("p1", "Notebook", 1_000, 1_000_000_000L),
            new Product("p2", "Pencil", 300, 1_000_000_000L),
            new Product("p3", "Fountain pen", 45_000, 10_000),
            new Product("p4", "Desk lamp", 89_000, 1_000),
            new Product("p5", "Globe, the last few", 250_000, 5));
    private static final List<String> USERS = List.of("u123", "u124", "u125", "u126", "u127");
    private static final long BALANCE = 1_000_000_000_000_000L;

    private final Http http;

    DemoData(Http http) {
        this.http = http;
    }

    void putInto(Service service, URI base) throws IOException {
        switch (service) {
            case INVENTORY -> {
                for (Product product : PRODUCTS) {
                    String body =
                            "{\"name\":\"%s\",\"unitPrice\":{\"amount\":%d,\"currency\":\"KRW\"},\"available\":%d}"
                                    .formatted(product.name(), product.price(), product.available());
                    URI uri = base.resolve("/products/" + product.id());
                    putIfMissing(uri, "PUT", uri, body);
                }
            }
            case PAYMENT -> {
                for (String user : USERS) {
                    URI account = base.resolve("/accounts/" + user);
                    String body = "{\"amount\":%d,\"currency\":\"KRW\"}".formatted(BALANCE);
                    putIfMissing(account, "POST", base.resolve("/accounts/" + user + "/deposits"), body);
                }
            }
            case ORDER, SAGA -> {}
        }
    }

    private void putIfMissing(URI resource, String method, URI target, String body) throws IOException {
        HttpResponse<String> found = http.get(resource);
        if (found.statusCode() == 200) {
            return;
        }
        HttpResponse<String> answer = found.statusCode() == 404 ? http.send(method, target, body) : found;
        if (answer.statusCode() >= 300) {
            throw new LocalException(
                    "cannot create the demo data: " + answer.request().method() + " " + answer.uri() + " returned "
                            + answer.statusCode() + " " + answer.body());
        }
    }
}
