package dev.lockstep.bench.scenario;

import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.stream.IntStream;

/** Bodies of {@code POST /orders}, created once: to create them is not part of what is measured. Confined to one thread. */
final class OrderBodies {
    private static final int PRODUCTS = 100;
    private static final int USERS = 500;

    private final List<String> products;
    private final List<String> users;
    private final List<Buffer> bodies;
    private int next;

    private OrderBodies(int products, int users) {
        this.products = names("bench-p", products);
        this.users = names("bench-u", users);
        // One for each user, which covers all products, because the number of users is a multiple of theirs.
        this.bodies = IntStream.range(0, users)
                .mapToObj(i -> "{\"userId\":\"%s\",\"items\":[{\"productId\":\"%s\",\"qty\":2}]}"
                        .formatted(this.users.get(i), this.products.get(i % products)))
                .map(Buffer::buffer)
                .toList();
    }

    /** Orders for 100 products and 500 users. */
    static OrderBodies spread() {
        return new OrderBodies(PRODUCTS, USERS);
    }

    /** Orders for one product and one user. */
    static OrderBodies same() {
        return new OrderBodies(1, 1);
    }

    List<String> products() {
        return products;
    }

    List<String> users() {
        return users;
    }

    Buffer next() {
        Buffer body = bodies.get(next);
        next = (next + 1) % bodies.size();
        return body;
    }

    private static List<String> names(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }
}
