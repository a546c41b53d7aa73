package dev.lockstep.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sound system passes, and each promise that is broken on purpose is named with what it is broken for, and nothing else is. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class AuditIT {
    @TempDir
    Path folder;

    private World world;
    private String confirmed;
    private String cancelled;

    @BeforeEach
    void two_orders_that_went_through() throws Exception {
        world = new World();
        confirmed = world.confirmed(2);
        cancelled = world.cancelled(3);
    }

    @AfterEach
    void close() {
        world.close();
    }

    @Test
    void a_sound_system_passes_and_everything_is_counted() throws Exception {
        world.relay();
        Path accepted = Files.write(folder.resolve("accepted"), List.of(cancelled, "", confirmed));

        Outcome outcome = world.audit("--accepted=" + accepted);

        assertThat(outcome.told()).isEmpty();
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains("Everything that was checked holds");
        assertThat(outcome.counted("accepted", "orders")).isEqualTo(2);
        assertThat(outcome.counted("accepted", "answered 202")).isEqualTo(2);
        assertThat(outcome.counted("relayed", "rows")).isEqualTo(18);
        assertThat(outcome.counted("order", "messages")).isEqualTo(18);
        assertThat(outcome.counted("money", "charges")).isEqualTo(2);
    }

    @Test
    void what_server_database_and_role_have_set_changes_nothing() throws Exception {
        world.relay();
        for (Party party : Party.values()) {
            String database = world.databases.name(party);
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
                world.databases.run(party, "ALTER DATABASE " + database + " SET " + setting);
            }
        }

        assertThat(world.audit().told()).isEmpty();
    }

    @Test
    void an_order_that_was_answered_202_and_is_not_there_is_named() throws Exception {
        world.relay();
        String lost = "01998d2e-7c4f-7b31-9a52-3f6d1c0e8b24";
        Path accepted = Files.write(folder.resolve("accepted"), List.of(lost, confirmed));

        assertThat(world.audit("--accepted=" + accepted).broken()).isEqualTo(Map.of("accepted", List.of(lost)));
    }

    @Test
    void an_order_without_an_end_is_stuck_unless_nothing_is_waited_for() throws Exception {
        String stuck = world.pending(1);
        world.saga(stuck, "RESERVING_STOCK");
        world.relay();

        Outcome waited = world.audit();
        Outcome atOnce = world.audit("--settle=0");

        assertThat(waited.broken()).isEqualTo(Map.of("settled", List.of(stuck)));
        assertThat(waited.undecided()).isEmpty();
        assertThat(atOnce.told()).isEmpty();
        assertThat(atOnce.undecided()).isEqualTo(Map.of("settled", 1L));
    }

    @Test
    void what_is_under_way_is_left_open_where_nothing_is_waited_for() throws Exception {
        String placed = world.pending(1);
        world.saga(placed, "RESERVING_STOCK");
        world.relay();
        world.say(Party.SAGA, placed, "ReserveStock", "inventory.commands");
        world.park(placed);
        world.topics.send("payment.commands", null, "me", "hello", Map.of());

        Outcome outcome = world.audit("--settle=0");

        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.json().get("holds").asBoolean()).isTrue();
        assertThat(outcome.undecided()).isEqualTo(Map.of("settled", 2L, "relayed", 1L, "letters", 1L));
        assertThat(outcome.out())
                .contains("  settled   open    what was under way", "  money     holds   ")
                .contains("What was checked holds; under way, and not judged as nothing was waited for:"
                        + " settled (2), relayed (1), letters (1). ");
    }

    @Test
    void an_order_whose_saga_is_no_longer_kept_has_ended_as_it_says_itself() throws Exception {
        world.forget(confirmed);
        world.forget(cancelled);
        world.relay();

        assertThat(List.of(world.audit(), world.audit("--settle=0"))).allSatisfy(outcome -> {
            assertThat(outcome.told()).isEmpty();
            assertThat(outcome.undecided()).isEmpty();
            assertThat(outcome.counted("accepted", "sagas no longer kept")).isEqualTo(2);
            assertThat(outcome.counted("settled", "orders under way")).isZero();
        });
    }

    @Test
    void a_database_or_a_kafka_out_of_reach_is_one_sentence_that_names_it_and_its_options() throws Exception {
        Path impatient = Files.writeString(
                folder.resolve("kafka.properties"), "default.api.timeout.ms=1000\nrequest.timeout.ms=500\n");

        Outcome withoutPostgres = world.audit("--postgres-port=1");
        Outcome withoutOne = world.audit("--sagas-db=postgresql://127.0.0.1:1/sagas");
        Outcome withoutKafka = world.audit("--kafka=127.0.0.1:1", "--kafka-properties=" + impatient);

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
    void only_the_checks_that_were_asked_for_are_reported() throws Exception {
        world.databases.run(Party.INVENTORY, "UPDATE product SET reserved = reserved + 1, available = available - 1");
        world.relay();

        assertThat(world.audit("--only=money,accepted").exitCode()).isZero();
        assertThat(world.audit("--only=stock").broken()).isEqualTo(Map.of("stock", List.of("product p1")));
    }

    @Test
    void no_more_findings_are_told_than_asked_for_and_all_are_counted() throws Exception {
        List<String> orders = List.of(world.confirmed(1), world.confirmed(1), world.confirmed(1));
        world.databases.run(Party.INVENTORY, "DELETE FROM reservation");
        world.relay();

        Outcome outcome = world.audit("--only=stock", "--most=2");

        assertThat(outcome.broken()).isEqualTo(Map.of("stock", List.of(confirmed, orders.getFirst())));
        assertThat(outcome.out()).contains("... and 3 more, see --most", "Broken: stock (5)");
    }
}
