package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;

/** The demo data of a stack whose services run as separate processes. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class DemoDataAppIT {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
    private final Set<String> existing = ConcurrentHashMap.newKeySet();
    private final List<String> changes = new CopyOnWriteArrayList<>();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            boolean read = exchange.getRequestMethod().equals("GET");
            if (!read) {
                changes.add(exchange.getRequestMethod() + " " + path);
            }
            exchange.sendResponseHeaders(read && !existing.contains(path) ? 404 : 200, -1);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void missing_products_and_accounts_are_created_and_existing_ones_left_alone() {
        existing.addAll(Set.of("/products/p1", "/accounts/u123"));

        int exitCode = run("order=" + address() + ",inventory=" + address() + ",payment=" + address());

        assertThat(errors.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(exitCode).isZero();
        assertThat(changes)
                .containsExactly(
                        "PUT /products/p2",
                        "PUT /products/p3",
                        "PUT /products/p4",
                        "PUT /products/p5",
                        "POST /accounts/u124/deposits",
                        "POST /accounts/u125/deposits",
                        "POST /accounts/u126/deposits",
                        "POST /accounts/u127/deposits");
        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualTo("Created, or found, products p1 to p5, accounts u123 to u127%n".formatted());
    }

    @Test
    void unknown_services_are_rejected() {
        assertThat(run("billing=" + address())).isEqualTo(2);
        assertThat(errors.toString(StandardCharsets.UTF_8))
                .contains("PEERS must name services out of order, inventory, payment, saga, but names billing");
    }

    @Test
    void a_host_name_with_an_underscore_is_rejected() {
        assertThat(run("order=http://shop_order:8080")).isEqualTo(2);
        assertThat(errors.toString(StandardCharsets.UTF_8))
                .contains("PEERS must give order a host name without an underscore for this command, but was"
                        + " http://shop_order:8080");
    }

    @Test
    void addresses_are_required() {
        assertThat(run("")).isEqualTo(2);
        assertThat(errors.toString(StandardCharsets.UTF_8)).contains("PEERS is required");
    }

    private int run(String peers) {
        return DemoDataApp.run(
                Map.of("PEERS", peers),
                new Console(new PrintStream(out, true, StandardCharsets.UTF_8)),
                new Console(new PrintStream(errors, true, StandardCharsets.UTF_8)));
    }

    private String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }
}
