package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.DeadLetterDesk.Filter;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class DeadLetterTableIT {
    private static final String PILE = """
            UPDATE dead_letter
               SET state = CASE WHEN n % 5 = 0 THEN 'open' ELSE 'replayed' END, settled_at = now(),
                   topic = 't' || n % 20, type = 'T' || n % 20, reason = 'R' || n % 20, error_class = 'E' || n % 20,
                   fingerprint = 'f' || n % 50
              FROM (SELECT id AS letter, "offset" AS n FROM dead_letter) numbered
             WHERE id = letter
            """;

    private Fixture fixture;
    private Letters letters;

    @BeforeEach
    void open() {
        fixture = new Fixture();
        letters = new Letters(fixture);
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource({
        "topic,dead_letter_topic",
        "type,dead_letter_type",
        "reason,dead_letter_reason",
        "errorClass,dead_letter_error_class",
        "fingerprint,dead_letter_fingerprint"
    })
    void each_filter_finds_its_index_whatever_is_piled_up(String member, String index) {
        pileUp();

        assertThat(plan(Set.of("open", "replayed", "discarded"), member))
                .contains("using " + index + " on")
                .doesNotContain("Sort");
    }

    @Test
    void the_few_letters_of_a_key_are_found_by_their_index() {
        pileUp();

        assertThat(plan(Set.of("open", "replayed", "discarded"), "key"))
                .containsPattern("(using|on) dead_letter_key\\b");
        assertThat(plan(Set.of("open"), "key")).containsPattern("(using|on) dead_letter_key\\b");
    }

    @Test
    void what_is_open_is_found_among_what_is_settled() {
        pileUp();

        assertThat(plan(Set.of("open"), "topic"))
                .contains("using dead_letter_open on")
                .doesNotContain("Sort");
    }

    @Test
    void groups_are_found_from_one_to_the_next_and_not_by_reading_every_letter() {
        pileUp();

        String plan = String.join(
                "\n",
                fixture.strings("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "
                        + DeadLetterDesk.GROUPS
                                .replace("$1", "ARRAY['replayed']")
                                .replace("$2", "NULL")
                                .replace("$3", "10")
                                .replace("$4", "100")));

        assertThat(plan).contains("dead_letter_group").doesNotContain("Seq Scan on dead_letter");
    }

    @Test
    void what_is_open_is_counted_by_reason_from_one_to_the_next_and_not_by_reading_every_letter() {
        pileUp();

        assertThat(fixture.genericPlan(DeadLetterDesk.COUNT_BY_REASON, "100000"))
                .contains("dead_letter_open_reason")
                .doesNotContain("Seq Scan on dead_letter")
                .doesNotContain("Sort");
        assertThat(Fixture.await(DeadLetterDesk.countByReason(fixture.pool)))
                .hasSize(4)
                .contains(new DeadLetterDesk.Count("t5", "R5", 2_500));
    }

    @Test
    void settled_letters_are_deleted_after_their_retention_and_open_ones_never() {
        letters.bury(1, 2_503, 10);
        Fixture.await(fixture.pool
                .query(
                        "UPDATE dead_letter SET first_at = now() - interval '1 year', last_at = now() - interval '1 year',"
                                + " state = CASE \"offset\" WHEN 1 THEN 'open' ELSE 'discarded' END,"
                                + " settled_at = CASE \"offset\" WHEN 1 THEN NULL WHEN 2 THEN now() ELSE now() - interval '91 days' END")
                .execute());

        Fixture.await(new PartitionMaintenance(
                        fixture.vertx, fixture.pool, Duration.ofDays(7), Duration.ofDays(7), Duration.ofDays(90))
                .run());

        assertThat(fixture.strings("SELECT \"offset\" FROM dead_letter ORDER BY \"offset\""))
                .containsExactly("1", "2");
    }

    @Test
    void letters_from_before_there_were_fingerprints_are_in_one_group_with_those_that_come_without_a_stack() {
        assertThat(fixture.strings("""
                        SELECT left(encode(sha256(convert_to(concat_ws(E'\\n', 'group', 'greetings', 'Hello', 'NOT_JSON',
                               'dev.lockstep.messaging.UnprocessableMessageException'), 'UTF8')), 'hex'), 16)
                        """))
                .containsExactly(Fingerprint.of(
                        "group",
                        "greetings",
                        "Hello",
                        "NOT_JSON",
                        new UnprocessableMessageException("NOT_JSON", "it is not")));
    }

    private void pileUp() {
        letters.bury(1, 50_000, 5_000);
        Fixture.await(fixture.pool.query(PILE).execute());
        Fixture.await(fixture.pool.query("VACUUM ANALYZE dead_letter").execute());
    }

    private String plan(Set<String> states, String member) {
        Filter filter = new Filter(
                member.equals("topic") ? "t7" : null,
                member.equals("type") ? "T7" : null,
                member.equals("reason") ? "R7" : null,
                member.equals("key") ? "k7" : null,
                member.equals("errorClass") ? "E7" : null,
                member.equals("fingerprint") ? "f7" : null);
        String arguments =
                "ARRAY['" + String.join("','", states) + "'], " + literal(filter.topic()) + literal(filter.type())
                        + literal(filter.reason()) + literal(filter.key()) + literal(filter.errorClass())
                        + literal(filter.fingerprint()) + "NULL, 50, 4096";
        return fixture.genericPlan(DeadLetterDesk.listing(states, filter), arguments);
    }

    private static String literal(@org.jspecify.annotations.Nullable String text) {
        return (text == null ? "NULL" : "'" + text + "'") + ", ";
    }
}
