package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.lockstep.local.OtlpReceiver.ReceivedSpan;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trace of an order through all services. Each test looks only at the trace of its own order. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class OrderTraceIT {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String CALLER = "00f067aa0ba902b7";

    @Nested
    class when_a_receiver_is_set {
        private static final Set<String> CONFIRMED = Set.of(
                "order-service: POST /orders",
                "order-service: send order.created",
                "saga-service: process order.created",
                "saga-service: send inventory.commands",
                "inventory-service: process inventory.commands",
                "inventory-service: send inventory.updated",
                "saga-service: process inventory.updated",
                "saga-service: send payment.commands",
                "payment-service: process payment.commands",
                "payment-service: send payment.updated",
                "saga-service: process payment.updated",
                "saga-service: send order.commands",
                "order-service: process order.commands",
                "order-service: send order.confirmed",
                "saga-service: process order.confirmed");
        private static final Set<String> OUT_OF_STOCK = Set.of(
                "order-service: POST /orders",
                "order-service: send order.created",
                "saga-service: process order.created",
                "saga-service: send inventory.commands",
                "inventory-service: process inventory.commands",
                "inventory-service: send inventory.updated",
                "saga-service: process inventory.updated",
                "saga-service: send order.commands",
                "order-service: process order.commands",
                "order-service: send order.cancelled",
                "saga-service: process order.cancelled");

        @TempDir
        static Path data;

        private static OtlpReceiver receiver;
        private static LockstepProcess lockstep;
        private static ApiClient api;

        @BeforeAll
        static void start() {
            receiver = new OtlpReceiver();
            lockstep = LockstepProcess.start(data, Map.of("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint()));
            api = new ApiClient(lockstep);
        }

        @AfterAll
        static void stop() {
            api.close();
            lockstep.close();
            receiver.close();
        }

        @Test
        void a_confirmed_order_is_one_connected_trace_through_all_services() {
            String orderId = api.order("u123", "p1", 1);
            assertThat(api.outcome(orderId)).isEqualTo("CONFIRMED");

            List<ReceivedSpan> spans = awaitSpans(traceOf(orderId), CONFIRMED);

            assertConnected(spans, "");
            assertThat(parents(spans))
                    .containsEntry("order-service: send order.created", "order-service: POST /orders")
                    .containsEntry("saga-service: process order.created", "order-service: send order.created")
                    .containsEntry("saga-service: send payment.commands", "saga-service: process inventory.updated")
                    .containsEntry("saga-service: process order.confirmed", "order-service: send order.confirmed");
            assertThat(receiver.requests()).containsOnly("POST /v1/traces application/x-protobuf");
        }

        @Test
        void a_cancelled_order_is_one_connected_trace() {
            String orderId = api.order("u123", "p5", 1_000);
            assertThat(api.outcome(orderId)).isEqualTo("OUT_OF_STOCK");

            List<ReceivedSpan> spans = awaitSpans(traceOf(orderId), OUT_OF_STOCK);

            assertConnected(spans, "");
        }

        @Test
        void the_trace_of_the_caller_is_continued() throws IOException, InterruptedException {
            String orderId = order("00-" + TRACE + "-" + CALLER + "-01");
            assertThat(api.outcome(orderId)).isEqualTo("CONFIRMED");

            List<ReceivedSpan> spans = awaitSpans(TRACE, CONFIRMED);

            assertConnected(spans, CALLER);
            assertThat(traceOf(orderId)).isEqualTo(TRACE);
        }

        // More spans than expected would be a defect, too, but those of a repeated delivery have no span.
        private static List<ReceivedSpan> awaitSpans(String traceId, Set<String> expected) {
            Awaitility.await("the spans of trace " + traceId)
                    .atMost(ApiClient.TIMEOUT)
                    .untilAsserted(() -> assertThat(receiver.spans(traceId))
                            .extracting(ReceivedSpan::serviceAndName)
                            .containsExactlyInAnyOrderElementsOf(expected));
            return receiver.spans(traceId);
        }

        /** Every span but the first has its parent in the trace, so all of them are one tree. */
        private static void assertConnected(List<ReceivedSpan> spans, String parentOfRoot) {
            Set<String> ids = spans.stream().map(ReceivedSpan::spanId).collect(Collectors.toSet());
            assertThat(ids).hasSameSizeAs(spans);
            assertThat(spans)
                    .filteredOn(span -> !ids.contains(span.parentId()))
                    .extracting(ReceivedSpan::serviceAndName, ReceivedSpan::parentId)
                    .containsExactly(tuple("order-service: POST /orders", parentOfRoot));
        }

        private static Map<String, String> parents(List<ReceivedSpan> spans) {
            Map<String, String> names =
                    spans.stream().collect(Collectors.toMap(ReceivedSpan::spanId, ReceivedSpan::serviceAndName));
            return spans.stream()
                    .filter(span -> names.containsKey(span.parentId()))
                    .collect(Collectors.toMap(
                            ReceivedSpan::serviceAndName,
                            span -> Optional.ofNullable(names.get(span.parentId()))
                                    .orElse("")));
        }

        private static String traceOf(String orderId) {
            return api.get(Service.ORDER, "/orders/" + orderId + "/timeline")
                    .get("data")
                    .get(0)
                    .get("traceparent")
                    .asText()
                    .substring(3, 35);
        }

        private static String order(String traceparent) throws IOException, InterruptedException {
            try (HttpClient client = HttpClient.newHttpClient()) {
                HttpResponse<String> answer = client.send(
                        HttpRequest.newBuilder(lockstep.uri(Service.ORDER).resolve("/orders"))
                                .header("Content-Type", "application/json")
                                .header("traceparent", traceparent)
                                .POST(HttpRequest.BodyPublishers.ofString(
                                        "{\"userId\":\"u125\",\"items\":[{\"productId\":\"p1\",\"qty\":1}]}"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                return ApiClient.read(answer).get("orderId").asText();
            }
        }
    }

    @Nested
    class when_no_receiver_is_set {
        @Test
        void an_order_is_processed_without_loading_a_class_of_the_tracing_library(@TempDir Path data)
                throws IOException, InterruptedException {
            try (LockstepProcess lockstep = LockstepProcess.start(data, Map.of());
                    ApiClient api = new ApiClient(lockstep)) {
                assertThat(api.outcome(api.order("u123", "p1", 1))).isEqualTo("CONFIRMED");

                List<String> classes = lockstep.loadedClasses();

                assertThat(classes).contains("dev.lockstep.messaging.tracing.TracingOff");
                assertThat(classes).noneMatch(name -> name.startsWith("io.opentelemetry."));
            }
        }
    }
}
