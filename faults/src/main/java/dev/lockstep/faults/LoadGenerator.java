package dev.lockstep.faults;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.faults.agent.Protection;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sends orders at a steady rate during all faults. Uses several users and products: some users have little money, some products little
 * stock, and some orders are cancelled at once. A client that does not know whether its order was accepted repeats the request with the
 * same {@code Idempotency-Key} until it does, with pauses that double. No new orders are sent while {@value #MAX_UNANSWERED} clients wait
 * for an answer.
 */
final class LoadGenerator implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration MIN_RETRY_DELAY = Duration.ofMillis(250);
    private static final Duration MAX_RETRY_DELAY = Duration.ofSeconds(4);
    // More retrying clients would take the CPU time that a restarting service needs.
    private static final int MAX_UNANSWERED = 300;
    private static final Duration SETUP_LIMIT = Duration.ofSeconds(60);
    private static final long PRICE = 1_000;

    private final Stack stack;
    private final String prefix;
    private final Random random;
    private final boolean sendIdempotencyKeys;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Long> accepted = new ConcurrentHashMap<>();
    private final Set<String> cancelled = ConcurrentHashMap.newKeySet();
    private final Queue<String> unexpectedResponses = new ConcurrentLinkedQueue<>();
    private final AtomicInteger unanswered = new AtomicInteger();
    private final AtomicInteger requestedOrders = new AtomicInteger();
    private final List<String> users;
    private final List<String> products;
    private volatile boolean generating = true;
    private volatile boolean closed;

    /** @param name unique on the stack; prefix of the names of users and products */
    LoadGenerator(Stack stack, String name, long seed) {
        this.stack = stack;
        this.prefix = name + "-";
        this.random = new Random(seed);
        this.sendIdempotencyKeys = !stack.disabledProtections().contains(Protection.IDEMPOTENCY_KEY);
        this.users = List.of(prefix + "ann", prefix + "ben", prefix + "cleo", prefix + "poor");
        this.products = List.of(prefix + "pen", prefix + "ink", prefix + "pad", prefix + "scarce");
    }

    /**
     * Creates products and accounts, then starts sending this number of orders a second.
     *
     * @throws FaultsException if products and accounts cannot be created within 60 s each
     */
    void start(int perSecond) {
        for (String product : products) {
            long available = product.endsWith("scarce") ? 40 : 1_000_000;
            sendUntilAccepted(
                    "PUT", Service.INVENTORY, "/products/" + product, """
                {"name":"%s","unitPrice":{"amount":%d,"currency":"KRW"},"available":%d}\
                """.formatted(product, PRICE, available));
        }
        for (String user : users) {
            long amount = user.endsWith("poor") ? 60 * PRICE : 1_000_000_000;
            sendUntilAccepted("POST", Service.PAYMENT, "/accounts/" + user + "/deposits", """
                {"amount":%d,"currency":"KRW"}\
                """.formatted(amount));
        }
        Thread.ofPlatform().daemon().name("load").start(() -> generateOrders(perSecond));
    }

    /** The prefix of the names of its users and products. */
    String prefix() {
        return prefix;
    }

    /** The orders that were answered 202, with the {@link System#nanoTime()} of the answer. */
    Map<String, Long> accepted() {
        return Map.copyOf(accepted);
    }

    /** Orders whose cancellation was answered 202. */
    Set<String> cancelled() {
        return Set.copyOf(cancelled);
    }

    /** Answers that a correct client never receives. */
    List<String> unexpectedResponses() {
        return List.copyOf(unexpectedResponses);
    }

    /** Stops sending new orders. Clients without an answer continue to retry. */
    void stopGenerating() {
        generating = false;
    }

    /** The number of clients that do not know yet whether their order was accepted. */
    int unanswered() {
        return unanswered.get();
    }

    /** The number of distinct orders that were requested. */
    int requestedOrders() {
        return requestedOrders.get();
    }

    @Override
    public void close() {
        generating = false;
        closed = true;
        clients.shutdownNow();
        http.shutdownNow();
    }

    private void generateOrders(int perSecond) {
        long next = System.nanoTime();
        while (generating) {
            String user = users.get(random.nextInt(8) == 0 ? 3 : random.nextInt(3));
            String product = products.get(random.nextInt(8) == 0 ? 3 : random.nextInt(3));
            String body = "{\"userId\":\"%s\",\"items\":[{\"productId\":\"%s\",\"qty\":%d}]}"
                    .formatted(user, product, 1 + random.nextInt(3));
            boolean cancel = random.nextInt(12) == 0;
            if (unanswered.get() < MAX_UNANSWERED) {
                String key = prefix + requestedOrders.incrementAndGet();
                unanswered.incrementAndGet();
                clients.execute(() -> order(key, body, cancel));
            }
            next += TimeUnit.SECONDS.toNanos(1) / perSecond;
            Waiting.pause(Duration.ofNanos(Math.max(0, next - System.nanoTime())));
        }
    }

    private void order(String key, String body, boolean cancel) {
        try {
            Duration retry = MIN_RETRY_DELAY;
            while (!closed) {
                HttpResponse<String> answer = send("POST", Service.ORDER, "/orders", body, key);
                if (answer != null && answer.statusCode() == 202) {
                    String orderId = JSON.readTree(answer.body()).get("orderId").asText();
                    accepted.put(orderId, System.nanoTime());
                    unanswered.decrementAndGet();
                    if (cancel) {
                        cancel(orderId);
                    }
                    return;
                }
                if (answer != null && answer.statusCode() < 500) {
                    throw new FaultsException(
                            "unexpected response to POST /orders: " + answer.statusCode() + " " + answer.body());
                }
                Waiting.pause(retry);
                retry = Collections.min(List.of(retry.multipliedBy(2), MAX_RETRY_DELAY));
            }
        } catch (IOException | FaultsException unexpected) {
            // The order stays unanswered, and the case reports it.
            unexpectedResponses.add("no valid response for order request " + key + ": " + unexpected.getMessage());
        }
    }

    private void cancel(String orderId) {
        HttpResponse<String> answer = send("POST", Service.ORDER, "/orders/" + orderId + "/cancel", "", null);
        if (answer != null && answer.statusCode() == 202) {
            cancelled.add(orderId);
        }
    }

    private void sendUntilAccepted(String method, Service service, String path, String body) {
        Waiting.until(method + " " + path + " to succeed", SETUP_LIMIT, () -> {
            HttpResponse<String> answer = send(method, service, path, body, prefix + path.hashCode());
            return answer != null && answer.statusCode() < 300;
        });
    }

    // Returns null if the outcome of the request is unknown.
    private @Nullable HttpResponse<String> send(
            String method, Service service, String path, String body, @Nullable String key) {
        HttpRequest.Builder request = HttpRequest.newBuilder(stack.uri(service, path))
                .timeout(REQUEST_TIMEOUT)
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(body));
        if (key != null && sendIdempotencyKeys) {
            request.header("Idempotency-Key", key);
        }
        try {
            return http.send(request.build(), BodyHandlers.ofString());
        } catch (IOException unknown) {
            return null;
        } catch (InterruptedException cause) {
            Thread.currentThread().interrupt();
            throw new FaultsException("interrupted", cause);
        }
    }
}
