package dev.lockstep.payment;

import static dev.lockstep.payment.PaymentService.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.uuid.Generators;
import dev.lockstep.payment.PaymentService.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The external interfaces of the service: HTTP and its Kafka topics. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PaymentServiceIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    @RegisterExtension
    final PaymentService service = new PaymentService();

    @Test
    void the_first_deposit_opens_the_account_and_the_next_adds_to_it() {
        Answer first = deposit("first", 2_000, "KRW");
        Answer second = deposit("first", 500, "KRW");

        assertThat(first.status()).isEqualTo(201);
        assertThat(first.body()).isEqualTo(account("first", 2_000));
        assertThat(second.status()).isEqualTo(200);
        assertThat(second.body()).isEqualTo(account("first", 2_500));
        assertThat(service.get("/accounts/first").body()).isEqualTo(account("first", 2_500));
    }

    @Test
    void an_account_keeps_the_currency_it_was_opened_in() {
        deposit("won", 2_000, "KRW");

        Answer dollars = deposit("won", 1, "USD");

        assertThat(dollars.status()).isEqualTo(422);
        assertThat(dollars.contentType()).startsWith("application/problem+json");
        assertThat(dollars.body().get("detail").textValue()).isEqualTo("The currency of the account of won is KRW");
        assertThat(service.get("/accounts/won").body()).isEqualTo(account("won", 2_000));
    }

    @Test
    void a_balance_beyond_the_safe_json_integer_is_rejected() {
        deposit("brim", 9_007_199_254_740_991L, "KRW");

        Answer more = deposit("brim", 1, "KRW");

        assertThat(more.status()).isEqualTo(422);
        assertThat(service.get("/accounts/brim").body()).isEqualTo(account("brim", 9_007_199_254_740_991L));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bad | {} | amount, currency",
                "bad | {\"amount\":0,\"currency\":\"KRW\"} | amount",
                "bad | {\"amount\":-5,\"currency\":\"won\"} | amount, currency",
                "bad | {\"amount\":9007199254740992,\"currency\":\"KRW\"} | amount",
                "bad | {\"amount\":1.5,\"currency\":\"KRW\"} | amount",
                "bad | {\"amount\":\"5\",\"currency\":\"KRW\"} | amount",
                "bad | {\"amount\":5,\"currency\":\"ZZZ\"} | currency",
                "bad | {\"amount\":5,\"currency\":\"KRW\",\"note\":\"x\"} | note",
                "system:revenue | {\"amount\":5,\"currency\":\"KRW\"} | userId",
                "%20 | {\"amount\":5,\"currency\":\"KRW\"} | userId",
                "a%00b | {\"amount\":5,\"currency\":\"KRW\"} | userId",
            })
    void an_invalid_deposit_is_rejected_with_its_invalid_fields(String user, String body, String fields) {
        Answer refused = service.post("/accounts/" + user + "/deposits", body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.contentType()).startsWith("application/problem+json");
        assertThat(refused.body().get("errors").findValuesAsText("field")).containsExactly(fields.split(", "));
        assertThat(service.get("/accounts/bad").status()).isEqualTo(404);
    }

    @Test
    void a_retried_deposit_gets_the_first_answer_and_is_made_once() {
        Answer first = deposit("retry", 700, "KRW", "Idempotency-Key", "k1");
        deposit("retry", 50, "KRW");

        Answer again = deposit("retry", 700, "KRW", "Idempotency-Key", "k1");

        assertThat(first.status()).isEqualTo(201);
        assertThat(again).isEqualTo(first);
        assertThat(service.get("/accounts/retry").body()).isEqualTo(account("retry", 750));
    }

    @Test
    void a_key_belongs_to_one_deposit_of_one_account() {
        deposit("key", 700, "KRW", "Idempotency-Key", "k1");

        Answer otherBody = deposit("key", 701, "KRW", "Idempotency-Key", "k1");
        Answer otherUser = deposit("key-2", 701, "KRW", "Idempotency-Key", "k1");

        assertThat(otherBody.status()).isEqualTo(422);
        assertThat(otherBody.body().get("detail").textValue())
                .isEqualTo("Idempotency-Key was already used for a deposit of 700 KRW");
        assertThat(otherUser.status()).isEqualTo(201);
        assertThat(service.get("/accounts/key").body()).isEqualTo(account("key", 700));
    }

    @Test
    void concurrent_deposits_with_one_key_are_made_once() throws Exception {
        List<Future<Answer>> running = new ArrayList<>();

        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            IntStream.range(0, 20)
                    .forEach(i ->
                            running.add(clients.submit(() -> deposit("same", 10, "KRW", "Idempotency-Key", "same"))));
        }

        assertThat(running).allSatisfy(answer -> assertThat(answer.get().body()).isEqualTo(account("same", 10)));
        assertThat(service.get("/ledger?account=same").body().get("data")).hasSize(1);
    }

    @Test
    void unknown_resources_are_not_found() {
        Answer account = service.get("/accounts/unknown");
        Answer payment = service.get("/payments/nothing");

        assertThat(List.of(account, payment)).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.contentType()).startsWith("application/problem+json");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"/payments/%20", "/payments/a%1Bb", "/ledger?orderId=%20", "/ledger?orderId=a%C2%85b"})
    void an_order_id_that_no_message_can_have_is_reported(String path) {
        // When
        Answer refused = service.get(path);

        // Then
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body().get("errors").findValuesAsText("field")).containsExactly("orderId");
    }

    @Test
    void accounts_are_listed_newest_first_page_by_page() {
        IntStream.range(0, 5).forEach(i -> deposit("page-" + i, 1 + i, "KRW"));

        List<String> users = new ArrayList<>();
        String cursor = "";
        while (!users.contains("page-0")) {
            JsonNode page = service.get("/accounts?limit=2" + cursor).body();
            users.addAll(page.get("data").findValuesAsText("userId"));
            cursor = "&cursor=" + page.path("nextCursor").asText();
        }

        assertThat(users).containsSubsequence("page-4", "page-3", "page-2", "page-1", "page-0");
        assertThat(users).doesNotHaveDuplicates();
        assertThat(service.get("/accounts?limit=0").status()).isEqualTo(400);
        assertThat(service.get("/accounts?cursor=x").body().get("errors").findValuesAsText("field"))
                .containsExactly("cursor");
    }

    @ParameterizedTest
    @CsvSource({
        "/accounts?limit=0&cursor=x, limit cursor",
        "/ledger?limit=0&cursor=x&account=&orderId=, limit account orderId cursor"
    })
    void all_invalid_parameters_are_reported_at_once(String path, String fields) {
        JsonNode problem = service.get(path).body();

        assertThat(problem.get("status").asInt()).isEqualTo(400);
        assertThat(String.join(" ", problem.get("errors").findValuesAsText("field")))
                .isEqualTo(fields);
    }

    @Test
    void a_command_that_is_delivered_twice_has_one_effect_and_its_answer_is_on_payment_updated() throws Exception {
        String order = "order-" + UUID.randomUUID();
        String late = "order-" + UUID.randomUUID();
        String trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        String charge = "{\"orderId\":\"%s\",\"userId\":\"kafka\",\"amount\":{\"amount\":400,\"currency\":\"KRW\"}}";
        deposit("kafka", 1_000, "KRW");
        String delivered = newId();

        send(List.of(
                record(delivered, "ChargePayment", order, charge.formatted(order), trace),
                record(delivered, "ChargePayment", order, charge.formatted(order), trace),
                record(newId(), "RefundPayment", late, "{\"orderId\":\"" + late + "\"}", trace),
                record(newId(), "ChargePayment", late, charge.formatted(late), trace)));
        List<ConsumerRecord<String, String>> answers = answers(List.of(order, late), 3);

        assertThat(answers.stream().filter(answer -> answer.key().equals(order)))
                .singleElement()
                .satisfies(answer -> {
                    assertThat(header(answer, "ce_type")).isEqualTo("PaymentCharged");
                    assertThat(header(answer, "traceparent")).isEqualTo(trace);
                    assertThat(json(answer.value()))
                            .isEqualTo(json("{\"orderId\":\"" + order
                                    + "\",\"amount\":{\"amount\":400,\"currency\":\"KRW\"}}"));
                });
        assertThat(answers.stream()
                        .filter(answer -> answer.key().equals(late))
                        .map(answer -> header(answer, "ce_type")))
                .containsExactly("PaymentRefunded", "PaymentRefunded");
        assertThat(service.get("/accounts/kafka").body()).isEqualTo(account("kafka", 600));
        assertThat(service.get("/payments/" + order).body())
                .isEqualTo(json("{\"orderId\":\"" + order + "\",\"status\":\"CHARGED\",\"userId\":\"kafka\","
                        + "\"amount\":{\"amount\":400,\"currency\":\"KRW\"}}"));
        assertThat(service.get("/payments/" + late).body())
                .isEqualTo(json("{\"orderId\":\"" + late + "\",\"status\":\"REFUNDED\"}"));
        JsonNode ledger = service.get("/ledger?orderId=" + order).body().get("data");
        assertThat(ledger.findValuesAsText("account")).containsExactly("system:revenue", "kafka");
        assertThat(ledger.findValuesAsText("kind")).containsOnly("CHARGE");
        assertThat(service.get("/ledger?account=kafka&limit=1").body().get("data"))
                .singleElement()
                .isEqualTo(ledger.get(1));
        assertThat(service.get("/ledger/summary").body().get("balanced").booleanValue())
                .isTrue();
    }

    private Answer deposit(String userId, long amount, String currency, String... headers) {
        return service.post(
                "/accounts/" + userId + "/deposits",
                "{\"amount\":" + amount + ",\"currency\":\"" + currency + "\"}",
                headers);
    }

    private static JsonNode account(String userId, long balance) {
        return json("{\"userId\":\"" + userId + "\",\"balance\":{\"amount\":" + balance + ",\"currency\":\"KRW\"}}");
    }

    private void send(List<ProducerRecord<String, String>> records) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", service.bootstrapServers()),
                new StringSerializer(),
                new StringSerializer())) {
            for (ProducerRecord<String, String> record : records) {
                assertThat(producer.send(record).get().hasOffset()).isTrue();
            }
        }
    }

    // A UUIDv7, like the ids of outbox rows.
    private static String newId() {
        return Generators.timeBasedEpochGenerator().generate().toString();
    }

    private static ProducerRecord<String, String> record(
            String id, String type, String orderId, String value, String traceparent) {
        ProducerRecord<String, String> record = new ProducerRecord<>("payment.commands", orderId, value);
        record.headers().add("ce_id", id.getBytes(UTF_8));
        record.headers().add("ce_source", "/test".getBytes(UTF_8));
        record.headers().add("ce_type", type.getBytes(UTF_8));
        record.headers().add("traceparent", traceparent.getBytes(UTF_8));
        return record;
    }

    /** Waits for the expected number of events of these orders, and a moment longer for surplus events. */
    private List<ConsumerRecord<String, String>> answers(List<String> orderIds, int expected) {
        List<ConsumerRecord<String, String>> answers = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        service.bootstrapServers(),
                        "group.id",
                        "test-" + UUID.randomUUID(),
                        "auto.offset.reset",
                        "earliest"),
                new StringDeserializer(),
                new StringDeserializer())) {
            consumer.subscribe(List.of("payment.updated"));
            Awaitility.await().atMost(TIMEOUT).until(() -> poll(consumer, orderIds, answers) >= expected);
            poll(consumer, orderIds, answers);
        }
        return answers;
    }

    private static int poll(
            KafkaConsumer<String, String> consumer,
            List<String> orderIds,
            List<ConsumerRecord<String, String>> answers) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(500))) {
            if (orderIds.contains(record.key())) {
                answers.add(record);
            }
        }
        return answers.size();
    }

    private static String header(ConsumerRecord<String, String> record, String name) {
        return new String(record.headers().lastHeader(name).value(), UTF_8);
    }
}
