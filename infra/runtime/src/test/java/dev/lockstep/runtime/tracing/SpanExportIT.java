package dev.lockstep.runtime.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.messaging.tracing.MessageTracing.Sending;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Receivers that fail. Each test has a receiver and an export of its own. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Timeout(60)
class SpanExportIT {
    private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    private static final Duration TIMEOUT = Duration.ofMillis(300);

    static {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    }

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Logger logger = (Logger) LoggerFactory.getLogger(SpanExport.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private @Nullable Tracing tracing;

    @BeforeEach
    void open() {
        logged.start();
        logger.addAppender(logged);
    }

    @AfterEach
    void close() {
        if (tracing != null) {
            tracing.close(Duration.ofMillis(1));
        }
        logger.detachAppender(logged);
    }

    @Test
    void spans_are_sent_with_the_headers_to_the_path_of_traces() throws IOException {
        List<String> requests = new CopyOnWriteArrayList<>();
        HttpServer receiver = receiver(200, requests);
        try {
            Tracing opened = open(receiver.getAddress().getPort(), Map.of("x-token", "t1"));

            record(opened, 3);
            await().until(() -> exported() == 3);

            assertThat(requests).containsExactly("POST /v1/traces t1 application/x-protobuf");
            assertThat(dropped("export-failed") + dropped("queue-full")).isZero();
            assertThat(logged.list).isEmpty();
        } finally {
            receiver.stop(0);
        }
    }

    @Test
    void spans_that_wait_are_sent_when_the_service_stops() throws IOException {
        List<String> requests = new CopyOnWriteArrayList<>();
        HttpServer receiver = receiver(200, requests);
        try {
            Tracing opened = open(receiver.getAddress().getPort(), Map.of());
            record(opened, 1_000);

            opened.close(Duration.ofSeconds(20));

            assertThat(exported()).isEqualTo(1_000);
        } finally {
            receiver.stop(0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 500, 503})
    void spans_that_a_receiver_does_not_accept_are_counted_and_one_warning_names_the_reason(int status)
            throws IOException {
        HttpServer receiver = receiver(status, new CopyOnWriteArrayList<>());
        try {
            Tracing opened = open(receiver.getAddress().getPort(), Map.of());

            record(opened, 3);
            await().until(() -> dropped("export-failed") == 3);
            record(opened, 2);
            await().until(() -> dropped("export-failed") == 5);

            assertThatOneWarningContains(Integer.toString(status));
            assertThat(exported()).isZero();
        } finally {
            receiver.stop(0);
        }
    }

    @Test
    void spans_for_a_receiver_that_refuses_connections_are_dropped_with_one_warning() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Tracing opened = open(port, Map.of());

        record(opened, 3);
        await().until(() -> dropped("export-failed") == 3);

        assertThatOneWarningContains("ConnectException");
    }

    @Test
    void a_receiver_that_never_answers_costs_spans_but_neither_time_nor_memory() throws IOException {
        try (HangingReceiver receiver = new HangingReceiver("")) {
            Tracing opened = open(receiver.port(), Map.of());
            long begun = System.nanoTime();

            record(opened, 10_000);

            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
            assertThat(dropped("queue-full")).isGreaterThan(10_000 - 2.0 * SpanExport.CAPACITY);
            await().until(() -> dropped("export-failed") + dropped("queue-full") == 10_000);
            assertThat(receiver.connections()).isPositive();
            assertThat(logged.list).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf an answer"})
    void a_receiver_that_never_completes_its_answer_occupies_no_thread_for_good(String beginning) throws IOException {
        try (HangingReceiver receiver = new HangingReceiver(beginning)) {
            Tracing opened = open(receiver.port(), Map.of());

            for (int round = 1; round <= 4; round++) {
                double expected = round;
                record(opened, 1);
                await().until(() -> dropped("export-failed") == expected);
            }

            await().until(() -> busyExportThreads() == 0);
        }
    }

    @Test
    void a_stop_does_not_wait_for_a_receiver_that_never_answers() throws IOException {
        try (HangingReceiver receiver = new HangingReceiver("")) {
            Tracing opened = open(receiver.port(), Map.of(), Duration.ofSeconds(60));
            record(opened, 2_000);
            await().until(() -> receiver.connections() > 0);
            long begun = System.nanoTime();

            opened.close(Duration.ofMillis(200));

            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
            await().until(() -> busyExportThreads() == 0);
            assertThat(logged.list)
                    .extracting(ILoggingEvent::getMessage)
                    .containsExactly("spans could not be exported before the service stopped");
        }
    }

    private void assertThatOneWarningContains(String reason) {
        assertThat(logged.list).hasSize(1);
        ILoggingEvent warning = logged.list.getFirst();
        assertThat(warning.getMessage())
                .isEqualTo("spans were dropped; check OTEL_EXPORTER_OTLP_ENDPOINT and the receiver");
        assertThat(warning.getKeyValuePairs()).anySatisfy(pair -> {
            assertThat(pair.key).isEqualTo("error");
            assertThat(String.valueOf(pair.value)).contains(reason);
        });
    }

    private Tracing open(int port, Map<String, String> headers) {
        return open(port, headers, TIMEOUT);
    }

    private Tracing open(int port, Map<String, String> headers, Duration timeout) {
        Tracing opened = Tracing.open(
                new TraceExport(URI.create("http://127.0.0.1:" + port), headers, 1, "test-service", timeout),
                "test-service",
                meters);
        tracing = opened;
        return opened;
    }

    private static void record(Tracing tracing, int spans) {
        Sending sending = tracing.messages().sending();
        for (int i = 0; i < spans; i++) {
            sending.begin("topic", "Type", "key", PARENT);
        }
        sending.endWith(Future.succeededFuture());
    }

    private double exported() {
        return meters.get("lockstep.trace.spans.exported").counter().count();
    }

    private double dropped(String reason) {
        return meters.get("lockstep.trace.spans.dropped")
                .tag("reason", reason)
                .counter()
                .count();
    }

    private static long busyExportThreads() {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(each -> each.getKey().getName().equals("span-export-test-service"))
                .filter(each -> List.of(each.getValue()).stream()
                        .anyMatch(frame -> frame.getClassName().startsWith("io.opentelemetry")))
                .count();
    }

    private static HttpServer receiver(int status, List<String> requests) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            requests.add(String.join(
                    " ",
                    exchange.getRequestMethod(),
                    exchange.getRequestURI().toString(),
                    Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("x-token"), "-"),
                    exchange.getRequestHeaders().getFirst("Content-Type")));
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
        server.start();
        return server;
    }

    /** Accepts connections, reads nothing, and sends at most the beginning of an answer. */
    private static final class HangingReceiver implements AutoCloseable {
        private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        private final List<Socket> open = new CopyOnWriteArrayList<>();
        private final AtomicInteger connections = new AtomicInteger();

        HangingReceiver(String beginning) throws IOException {
            Thread.ofPlatform().daemon().start(() -> accept(beginning));
        }

        private void accept(String beginning) {
            try {
                while (true) {
                    Socket accepted = server.accept();
                    open.add(accepted);
                    connections.incrementAndGet();
                    accepted.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
                    accepted.getOutputStream().flush();
                }
            } catch (IOException closed) {
                // The test has ended.
            }
        }

        int port() {
            return server.getLocalPort();
        }

        int connections() {
            return connections.get();
        }

        @Override
        public void close() throws IOException {
            server.close();
            for (Socket each : open) {
                each.close();
            }
        }
    }
}
