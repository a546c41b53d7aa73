package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A consistent system passes the audit. Accepted orders, work in progress and options are judged as documented. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class AuditIT {
    @TempDir
    Path folder;

    @RegisterExtension
    final AuditFixture fixture = new AuditFixture();

    private String confirmed;
    private String cancelled;

    @BeforeEach
    void createCompletedOrders() {
        confirmed = fixture.confirmed(2);
        cancelled = fixture.cancelled(3);
    }

    @Test
    void a_consistent_system_passes_and_everything_is_counted() throws Exception {
        fixture.relay();
        Path accepted = Files.write(folder.resolve("accepted"), List.of(cancelled, "", confirmed));

        Outcome outcome = fixture.audit("--accepted=" + accepted);

        assertThat(outcome.findings()).isEmpty();
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains("All checks hold");
        assertThat(outcome.counted("accepted", "orders")).isEqualTo(2);
        assertThat(outcome.counted("accepted", "answered 202")).isEqualTo(2);
        assertThat(outcome.counted("relayed", "rows")).isEqualTo(18);
        assertThat(outcome.counted("order", "messages")).isEqualTo(18);
        assertThat(outcome.counted("money", "charges")).isEqualTo(2);
    }

    @Test
    void settings_of_the_database_do_not_affect_the_audit() throws Exception {
        fixture.relay();
        for (ServiceRole role : ServiceRole.values()) {
            String database = fixture.databases.name(role);
            for (String setting : List.of(
                    "bytea_output TO 'escape'",
                    "DateStyle TO SQL, DMY",
                    "TimeZone TO 'America/St_Johns'",
                    "search_path TO 'elsewhere'",
                    "standard_conforming_strings TO 'off'",
                    "quote_all_identifiers TO 'on'",
                    "transform_null_equals TO 'on'",
                    "exit_on_error TO 'on'",
                    "statement_timeout TO '1ms'",
                    "transaction_timeout TO '1ms'",
                    "idle_in_transaction_session_timeout TO '1ms'")) {
                fixture.databases.run(role, "ALTER DATABASE " + database + " SET " + setting);
            }
        }

        assertThat(fixture.audit().findings()).isEmpty();
    }

    @Test
    void an_accepted_order_that_is_missing_is_reported() throws Exception {
        fixture.relay();
        String lost = "01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24";
        Path accepted = Files.write(folder.resolve("accepted"), List.of(lost, confirmed));

        assertThat(fixture.audit("--accepted=" + accepted).broken()).isEqualTo(Map.of("accepted", List.of(lost)));
    }

    @Test
    void a_pending_order_is_stuck_after_the_wait_and_undecided_without_one() throws Exception {
        String stuck = fixture.pending(1);
        fixture.saga(stuck, "RESERVING_STOCK");
        fixture.relay();

        Outcome waited = fixture.audit();
        Outcome atOnce = fixture.audit("--settle=0");

        assertThat(waited.broken()).isEqualTo(Map.of("settled", List.of(stuck)));
        assertThat(waited.undecided()).isEmpty();
        assertThat(atOnce.findings()).isEmpty();
        assertThat(atOnce.undecided()).isEqualTo(Map.of("settled", 1L));
    }

    @Test
    void work_in_progress_is_undecided_without_a_wait() throws Exception {
        String placed = fixture.pending(1);
        fixture.saga(placed, "RESERVING_STOCK");
        fixture.relay();
        fixture.appendToOutbox(ServiceRole.SAGA, placed, "ReserveStock", "inventory.commands");
        fixture.park(placed);
        fixture.topics.send("payment.commands", null, "me", "hello", Map.of());

        Outcome outcome = fixture.audit("--settle=0");

        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.json().get("holds").asBoolean()).isTrue();
        assertThat(outcome.undecided()).isEqualTo(Map.of("settled", 2L, "relayed", 1L, "letters", 1L));
        assertThat(outcome.out())
                .contains("  settled   open    work that was in progress", "  money     holds   ")
                .contains("No check is broken; in progress, and not judged without a wait:"
                        + " settled (2), relayed (1), letters (1). ");
    }

    @Test
    void the_order_status_counts_once_its_saga_was_dropped() throws Exception {
        fixture.dropSaga(confirmed);
        fixture.dropSaga(cancelled);
        fixture.relay();

        assertThat(List.of(fixture.audit(), fixture.audit("--settle=0"))).allSatisfy(outcome -> {
            assertThat(outcome.findings()).isEmpty();
            assertThat(outcome.undecided()).isEmpty();
            assertThat(outcome.counted("accepted", "sagas no longer kept")).isEqualTo(2);
            assertThat(outcome.counted("settled", "orders under way")).isZero();
        });
    }

    @Test
    void an_unreachable_server_is_reported_with_its_address_and_options() throws Exception {
        Path shortTimeouts = Files.writeString(
                folder.resolve("kafka.properties"), "default.api.timeout.ms=1000\nrequest.timeout.ms=500\n");

        Outcome withoutPostgres = fixture.audit("--postgres-port=1");
        Outcome withoutOne = fixture.audit("--sagas-db=postgresql://127.0.0.1:1/sagas");
        Outcome withoutKafka = fixture.audit("--kafka=127.0.0.1:1", "--kafka-properties=" + shortTimeouts);

        assertThat(List.of(withoutPostgres, withoutOne, withoutKafka))
                .allSatisfy(outcome -> {
                    assertThat(outcome.exitCode()).isEqualTo(2);
                    assertThat(outcome.out()).isEmpty();
                })
                .extracting(Outcome::err)
                .satisfiesExactly(
                        err -> assertThat(err)
                                .startsWith("cannot connect to postgresql://127.0.0.1:1/")
                                .contains("as lockstep (--", "-db, --postgres-user, --postgres-password): "),
                        err -> assertThat(err)
                                .startsWith("cannot connect to postgresql://127.0.0.1:1/sagas as lockstep (--sagas-db"),
                        err -> assertThat(err)
                                .startsWith("cannot read Kafka at 127.0.0.1:1 (--kafka, --kafka-properties): "));
    }

    @Test
    void only_the_requested_checks_are_reported() throws Exception {
        fixture.databases.run(
                ServiceRole.INVENTORY, "UPDATE product SET reserved = reserved + 1, available = available - 1");
        fixture.relay();

        assertThat(fixture.audit("--only=money,accepted").exitCode()).isZero();
        assertThat(fixture.audit("--only=stock").broken()).isEqualTo(Map.of("stock", List.of("product p1")));
    }

    @Test
    void findings_are_limited_but_all_are_counted() throws Exception {
        List<String> orders = List.of(fixture.confirmed(1), fixture.confirmed(1), fixture.confirmed(1));
        fixture.databases.run(ServiceRole.INVENTORY, "DELETE FROM reservation");
        fixture.relay();

        Outcome outcome = fixture.audit("--only=stock", "--most=2");

        assertThat(outcome.broken()).isEqualTo(Map.of("stock", List.of(confirmed, orders.getFirst())));
        assertThat(outcome.out()).contains("... and 3 more, see --most", "Broken: stock (5)");
    }
}
