package dev.lockstep.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.local.ApiClient.Stock;
import dev.lockstep.payment.PaymentApp;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restart on the data of an earlier run, and orders while a service is unavailable for longer than the saga waits. */
@DisplayNameGeneration(ReplaceUnderscores.class)
@Tag("slow")
class RestartIT {
    @TempDir
    Path data;

    @Test
    void data_survive_a_restart_and_an_order_without_its_payment_service_times_out_without_a_charge() {
        Stock stock;
        long balance;
        try (LockstepProcess first = LockstepProcess.start(data, Map.of());
                ApiClient api = new ApiClient(first)) {
            assertThat(api.outcome(api.order("u123", "p1", 2))).isEqualTo("CONFIRMED");
            stock = api.stock("p1");
            balance = api.balance("u123");

            assertThat(first.stop()).isZero();
            assertThat(first.output())
                    .contains(
                            "order      stopped in",
                            "saga       stopped in",
                            "kafka      stopped in",
                            "postgres   stopped in");
        }

        try (LockstepProcess second = LockstepProcess.start(
                        data, Map.of("SAGA_PAYMENT_DEADLINE", "PT1S"), "--only", "order,inventory,saga");
                ApiClient api = new ApiClient(second)) {
            assertThat(second.output()).doesNotContain("left running").contains("The payment service was not started");
            assertThat(api.stock("p1")).isEqualTo(stock);

            String orderId = api.order("u123", "p1", 3);

            assertThat(api.outcome(orderId)).isEqualTo("TIMED_OUT");
            Awaitility.await()
                    .atMost(ApiClient.TIMEOUT)
                    .untilAsserted(() -> assertThat(api.stock("p1")).isEqualTo(stock));

            try (StandaloneService payment =
                    StandaloneService.start(second, Service.PAYMENT, PaymentApp.class, data.resolve("payment.log"))) {
                URI payments = payment.uri();
                api.awaitSagaEnd(orderId);
                assertThat(api.get(payments.resolve("/payments/" + orderId))
                                .get("status")
                                .asText())
                        .isEqualTo("REFUNDED");
                assertThat(balance(api, payments)).isEqualTo(balance);

                assertThat(Awaitility.await()
                                .atMost(ApiClient.TIMEOUT)
                                .pollInterval(Duration.ofMillis(200))
                                .until(() -> api.outcome(api.order("u123", "p1", 1)), "CONFIRMED"::equals))
                        .isEqualTo("CONFIRMED");
            }
        }
    }

    private static long balance(ApiClient api, URI payments) {
        return api.get(payments.resolve("/accounts/u123"))
                .get("balance")
                .get("amount")
                .asLong();
    }
}
