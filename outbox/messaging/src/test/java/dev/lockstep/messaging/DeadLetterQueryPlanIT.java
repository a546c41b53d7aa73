package dev.lockstep.messaging;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.messaging.deadletter.DeadLetterCountStore;
import dev.lockstep.messaging.deadletter.DeadLetterQueries;
import dev.lockstep.messaging.deadletter.DeadLetterQueries.Filter;
import dev.lockstep.messaging.listing.ScanWindowStore;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How Postgres finds dead letters in a large table. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class DeadLetterQueryPlanIT {
    private static final String SPREAD_VALUES = """
            UPDATE dead_letter
               SET state = CASE WHEN n % 5 = 0 THEN 'open' ELSE 'replayed' END, settled_at = now(),
                   topic = 't' || n % 20, type = 'T' || n % 20, reason = 'R' || n % 20, error_class = 'E' || n % 20,
                   fingerprint = 'f' || n % 50
              FROM (SELECT id AS letter, "offset" AS n FROM dead_letter) numbered
             WHERE id = letter
            """;

    private static Fixture fixture;

    @BeforeAll
    static void insertRows() {
        fixture = new Fixture();
        new DeadLetters(fixture).insert(1, 50_000, 5_000);
        Fixture.await(fixture.pool.query(SPREAD_VALUES).execute());
        Fixture.await(fixture.pool.query("VACUUM ANALYZE dead_letter").execute());
    }

    @AfterAll
    static void close() {
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
    void each_filter_uses_its_index(String member, String index) {
        assertThat(plan(Set.of("open", "replayed", "discarded"), member))
                .contains("using " + index + " on")
                .doesNotContain("Sort");
    }

    @ParameterizedTest
    @CsvSource({
        "topic,dead_letter_topic",
        "type,dead_letter_type",
        "reason,dead_letter_reason",
        "key,dead_letter_key",
        "errorClass,dead_letter_error_class",
        "fingerprint,dead_letter_fingerprint"
    })
    void the_end_of_a_page_is_found_by_an_index_only_scan(String member, String index) {
        assertThat(fixture.genericPlan(
                        DeadLetterQueries.end(Set.of("replayed"), filter(member)),
                        "'x', 'ffffffff-ffff-ffff-ffff-ffffffffffff'"))
                .containsPattern("Index Only Scan Backward using " + index + " ")
                .doesNotContain("Sort");
    }

    @Test
    void combined_filters_without_an_index_examine_a_bounded_number_of_rows() {
        Filter both = new Filter("t7", null, "R8", null, null, null);
        Set<String> any = Set.of("open", "replayed", "discarded");

        ScanWindowStore.ScanResult<DeadLetterQueries.DeadLetterView> open =
                Fixture.await(DeadLetterQueries.list(fixture.pool, Set.of("open"), both, null, 50));
        ScanWindowStore.ScanResult<DeadLetterQueries.DeadLetterView> discarded = Fixture.await(DeadLetterQueries.list(
                fixture.pool, Set.of("discarded"), new Filter(null, null, null, null, null, null), null, 50));

        assertThat(open.rows()).isEmpty();
        assertThat(open.examinedTo()).isNull();
        assertThat(discarded.rows()).isEmpty();
        assertThat(discarded.examinedTo()).isNotNull();
        assertThat(Fixture.await(DeadLetterQueries.list(fixture.pool, any, both, null, 50))
                        .rows())
                .isEmpty();
    }

    @Test
    void dead_letters_of_a_key_are_found_by_their_index() {
        assertThat(plan(Set.of("open", "replayed", "discarded"), "key"))
                .containsPattern("(using|on) dead_letter_key\\b");
        assertThat(plan(Set.of("open"), "key")).containsPattern("(using|on) dead_letter_key\\b");
    }

    @Test
    void open_dead_letters_are_found_by_the_partial_index() {
        assertThat(plan(Set.of("open"), "topic"))
                .contains("using dead_letter_open on")
                .doesNotContain("Sort");
    }

    @Test
    void groups_are_found_by_a_loose_index_scan() {
        String plan = String.join(
                "\n",
                fixture.strings("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) "
                        + DeadLetterQueries.GROUPS
                                .replace("$1", "ARRAY['replayed']")
                                .replace("$2", "NULL")
                                .replace("$3", "10")
                                .replace("$4", "100")));

        assertThat(plan).contains("dead_letter_group").doesNotContain("Seq Scan on dead_letter");
    }

    @Test
    void open_dead_letters_are_counted_by_reason_with_a_loose_index_scan() {
        assertThat(fixture.genericPlan(DeadLetterCountStore.COUNT_BY_REASON, "100000"))
                .contains("dead_letter_open_reason")
                .doesNotContain("Seq Scan on dead_letter")
                .doesNotContain("Sort");
        assertThat(Fixture.await(DeadLetterCountStore.countByReason(fixture.pool)))
                .hasSize(4)
                .contains(new DeadLetterCountStore.Count("t5", "R5", 2_500));
    }

    private String plan(Set<String> states, String member) {
        Filter filter = filter(member);
        String arguments =
                "ARRAY['" + String.join("','", states) + "'], " + literal(filter.topic()) + literal(filter.type())
                        + literal(filter.reason()) + literal(filter.key()) + literal(filter.errorClass())
                        + literal(filter.fingerprint()) + "NULL, 50, 4096, '00000000-0000-0000-0000-000000000000'";
        return fixture.genericPlan(DeadLetterQueries.listStatement(states, filter), arguments);
    }

    private static Filter filter(String member) {
        return new Filter(
                member.equals("topic") ? "t7" : null,
                member.equals("type") ? "T7" : null,
                member.equals("reason") ? "R7" : null,
                member.equals("key") ? "k7" : null,
                member.equals("errorClass") ? "E7" : null,
                member.equals("fingerprint") ? "f7" : null);
    }

    private static String literal(@org.jspecify.annotations.Nullable String text) {
        return (text == null ? "NULL" : "'" + text + "'") + ", ";
    }
}
